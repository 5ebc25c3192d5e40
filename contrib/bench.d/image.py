"""image.py - a file system for the measurement alone: ext4 with a journal in a file, on a loop device.

Why not the file system of the machine: ext4 without a journal, which test machines often have, makes creating files up to twenty
times slower for minutes after others were deleted, so that the second run of a benchmark measures the first one's cleaning up. In
an image every run finds the same.
"""
import os
import shutil
import subprocess
import tempfile


class ImageError(Exception):
    pass


def command(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise ImageError("%s: %s" % (" ".join(words), done.stdout.decode("utf-8", "replace").strip()))


class Image:
    """A directory with the file `image`, mounted on `mail`. Everyone may pass through it, as the servers run under other uids."""

    def __init__(self, megabytes, below=None, keep=False):
        self.keep = keep
        self.dir = tempfile.mkdtemp(prefix="posthouse-bench-", dir=below)
        self.file, self.path = os.path.join(self.dir, "image"), os.path.join(self.dir, "mail")
        self.mounted = False
        os.chmod(self.dir, 0o755)
        try:
            os.mkdir(self.path)
            with open(self.file, "wb") as f:
                f.truncate(megabytes << 20)
            command("mkfs.ext4", "-q", "-F", "-O", "has_journal", "-i", "8192", self.file)
            # noinit_itable: or the kernel fills inode tables while we measure
            command("mount", "-o", "loop,noinit_itable", self.file, self.path)
            self.mounted = True
            os.chmod(self.path, 0o755)
        except BaseException:
            self.remove()
            raise

    def settle(self):
        """Write out what is still dirty, so that nobody pays for another's work."""
        command("sync", "-f", self.path)

    def remove(self):
        if self.keep and self.mounted:
            print("kept: %s; remove with  umount %s && rm -r %s" % (self.path, self.path, self.dir))
            return
        if self.mounted:
            try:
                command("umount", self.path)
            except ImageError:  # somebody still has a file open there
                command("umount", "--lazy", self.path)
            self.mounted = False
        shutil.rmtree(self.dir, ignore_errors=True)
