"""A training run as a launcher starts it, in each of its processes; told by one JSON object.

    python -m torch.distributed.run --nproc_per_node 2 launched.py '{"stage": "sft", …}'

accelerate shards models on GPUs only. torch and DeepSpeed do it on CPUs as well, so here accelerate is led to
believe that processes which talk through gloo have GPUs. What else it is told stands in the shipped files.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from accelerate import PartialState
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import DistributedType
from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env
from transformers import TrainingArguments

SHIPPED = Path(__file__).parents[2] / "recipes" / "accelerate"


def environment(name: str) -> dict[str, str]:
    """What ``accelerate launch --config_file`` sets for its processes."""
    told = launch_command_parser().parse_args(["--config_file", str(SHIPPED / f"{name}.yaml"), "x.py"])
    told, defaults, _ = _validate_launch_command(told)
    if told.use_fsdp:
        found: dict[str, str] = prepare_multi_gpu_env(told)
    else:
        told.deepspeed_fields_from_accelerate_config = ",".join(defaults.deepspeed_config)
        found = prepare_deepspeed_cmd_env(told)[1]
    return {key: value for key, value in found.items() if os.environ.get(key) != value}


def pretend_to_have_gpus(name: str) -> None:
    """Let accelerate shard on CPUs."""
    os.environ |= environment(name)
    brought_up, checked = PartialState.__init__, TrainingArguments.__post_init__

    def bring_up(self: PartialState, cpu: bool = False, *args: Any, **kwargs: Any) -> None:
        brought_up(self, True, *args, **kwargs)
        if name == "fsdp2" and self.distributed_type == DistributedType.MULTI_CPU:
            self._shared_state["distributed_type"] = DistributedType.MULTI_GPU

    def check(self: TrainingArguments) -> None:
        self.use_cpu = name == "fsdp2"
        checked(self)

    PartialState.__init__ = bring_up
    TrainingArguments.__post_init__ = check


def main() -> None:
    from callwright.train import Details, DpoConfig, SftConfig, dpo, sft
    from callwright.train.config import Progress

    told = json.loads(sys.argv[1])
    if told["launcher"]:
        pretend_to_have_gpus(told["launcher"])

    def killed(progress: Progress) -> None:
        if progress.step == told["killed_at"]:
            os.kill(os.getpid(), signal.SIGKILL)

    details = Details(**told["details"])
    data, out, base = Path(told["data"]), Path(told["out"]), Path(told["base"])
    if told["stage"] == "sft":
        config = SftConfig(**told["config"], details=details)
        sft(config, base=base, data=data, out=out, progress=killed)
    else:
        preferring, adapter = DpoConfig(**told["config"], details=details), Path(told["adapter"])
        dpo(preferring, base=base, adapter=adapter, pairs=data, out=out, progress=killed)


if __name__ == "__main__":
    main()
