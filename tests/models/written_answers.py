"""What a writer tells of one answer, waited for."""

import queue
from contextlib import closing

from callwright.models import Completion, Prompt
from callwright.models.local import LocalModel
from callwright.models.writer import LocalWriter
from callwright.models.writing import Piece, Wish, Writer


def told_of(writer: Writer, prompt: Prompt, wish: Wish) -> tuple[list[Piece], Completion]:
    """Return the pieces and the whole; raises what the writer tells instead."""
    heard: queue.Queue[object] = queue.Queue()
    writer.write(prompt, wish, heard.put)
    pieces: list[Piece] = []
    while isinstance(item := heard.get(timeout=60), Piece):
        pieces.append(item)
    if isinstance(item, Exception):
        raise item
    assert isinstance(item, Completion)
    return pieces, item


def streamed(model: LocalModel, prompt: Prompt, max_tokens: int) -> str:
    """Return the pieces of one answer put together."""
    with closing(LocalWriter(model)) as writer:
        pieces, whole = told_of(writer, prompt, Wish(max_tokens))
    text = "".join(piece.text for piece in pieces)
    assert whole.text == text
    return text
