"""Properties of the file system of an atlas: whether other machines see its locks and shared memory."""

from pathlib import Path


MOUNTS = Path("/proc/self/mounts")  # on Linux; elsewhere every file system is taken as local
NETWORKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "afs", "9p"}
NETWORKS |= {"glusterfs", "orangefs", "pvfs2", "ocfs2", "gfs2", "panfs", "wekafs", "virtiofs", "ncpfs"}
NETWORKS |= {
    f"fuse.{name}" for name in ("sshfs", "glusterfs", "ceph", "beegfs", "s3fs", "rclone", "juicefs")
}
# With these mount options a lock excludes only processes of the same machine.
ONE_MACHINE = {"localflock", "nolock", "local_lock=all", "local_lock=flock"}


def is_network(path: Path) -> bool:
    """Return whether a file lies on a file system that other machines can mount at the same time."""
    return _mount(path)[0] in NETWORKS


def unsafe_option(path: Path) -> str | None:
    """Return the mount option that hides locks from other machines, or None if there is none."""
    kind, options = _mount(path)
    return min(ONE_MACHINE & options, default=None) if kind in NETWORKS else None


def _mount(path: Path) -> tuple[str, set[str]]:
    """Return the type and the options of the file system that holds a path."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "", set()
    place, kind, options = path.resolve(), "", set()
    deepest = -1
    for line in lines:
        words = line.split()
        if len(words) < 4:
            continue
        mount = Path(_plain(words[1]))
        # Of two mounts at one path, the later one is in effect.
        if place.is_relative_to(mount) and len(mount.parts) >= deepest:
            deepest, kind, options = len(mount.parts), words[2], set(words[3].split(","))
    return kind, options


def _plain(word: str) -> str:
    """Return a path with the octal escapes decoded that the kernel writes for spaces and the like."""
    for code in ("040", "011", "012", "134"):
        word = word.replace("\\" + code, chr(int(code, 8)))
    return word
