"""Numbers of the Linux system calls that the filter of `confine` looks at, as the kernel's headers list them.

arm64 has only the newer of some calls (no fork, no chmod), so its table is shorter.
"""

# fmt: off
X86_64 = {
    "socket": 41, "ptrace": 101, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "unshare": 272,
    "setns": 308, "setsid": 112, "setpgid": 109, "chmod": 90, "fchmod": 91, "fchmodat": 268,
    "fchmodat2": 452, "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260, "utime": 132, "utimes": 235,
    "futimesat": 261, "utimensat": 280, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190,
    "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199, "truncate": 76, "open_by_handle_at": 304,
    "tkill": 200, "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "pidfd_open": 434,
    "pidfd_send_signal": 424, "process_vm_readv": 310, "process_vm_writev": 311, "setpriority": 141,
    "sched_setscheduler": 144, "sched_setparam": 142, "sched_setattr": 314, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "shmget": 29, "semget": 64, "msgget": 68,
    "mq_open": 240, "keyctl": 250, "add_key": 248, "request_key": 249, "bpf": 321, "perf_event_open": 298,
    "userfaultfd": 323, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "init_module": 175,
    "finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320, "reboot": 169,
    "settimeofday": 164, "clock_settime": 227, "clock_adjtime": 305, "adjtimex": 159, "sethostname": 170,
    "setdomainname": 171, "swapon": 167, "swapoff": 168, "acct": 163, "quotactl": 179, "clone": 56,
    "clone3": 435, "kill": 62, "tgkill": 234, "prlimit64": 302,
}
ARM64 = {
    "socket": 198, "ptrace": 117, "execve": 221, "execveat": 281, "unshare": 97, "setns": 268,
    "setsid": 157, "setpgid": 154, "fchmod": 52, "fchmodat": 53, "fchmodat2": 452, "fchown": 55,
    "fchownat": 54, "utimensat": 88, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14,
    "lremovexattr": 15, "fremovexattr": 16, "truncate": 45, "open_by_handle_at": 265, "tkill": 130,
    "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240, "pidfd_open": 434, "pidfd_send_signal": 424,
    "process_vm_readv": 270, "process_vm_writev": 271, "setpriority": 140, "sched_setscheduler": 119,
    "sched_setparam": 118, "sched_setattr": 274, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "shmget": 194, "semget": 190, "msgget": 186, "mq_open": 180, "keyctl": 219,
    "add_key": 217, "request_key": 218, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "mount": 40,
    "umount2": 39, "pivot_root": 41, "chroot": 51, "init_module": 105, "finit_module": 273,
    "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294, "reboot": 142, "settimeofday": 170,
    "clock_settime": 112, "clock_adjtime": 266, "adjtimex": 171, "sethostname": 161, "setdomainname": 162,
    "swapon": 224, "swapoff": 225, "acct": 89, "quotactl": 60, "clone": 220, "clone3": 435, "kill": 129,
    "tgkill": 131, "prlimit64": 261,
}
# fmt: on
