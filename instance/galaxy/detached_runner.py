"""Galaxy's runner for jobs on this machine that live on when Galaxy dies, and start once more when they died with it.

Galaxy's own local runner is the parent of its jobs and forgets them with its process: "This job was killed when Galaxy
was restarted". Here a job is a session of its own below nobody, and all that is known of it stands in its folder: a
record of each start, written by the job itself before anything else, and the exit code, written by its last line. So
whoever looks next, this process or its successor after a crash or a reboot, sees one of three things:

- the process of the last start lives: it is watched on;
- there is an exit code: the job is finished as ever;
- neither: the job was lost. Its script is run once more; it restores its folder itself (Galaxy's scripts do), but for
  the parts of a META-pipe run, which lie beside it, so that the run goes on from there.
"""

import logging
import os
import subprocess
import time
from pathlib import Path

import metadata_task
from galaxy.celery.tasks import set_job_metadata
from galaxy.jobs.runners import AsynchronousJobRunner, AsynchronousJobState

from galaxy import model
from metapipe.instance.local import processes

log = logging.getLogger(__name__)

#: A job that was lost so often is at fault itself: it may be what brings the machine down.
STARTS = 3
#: Name of the working folder of META-pipe's tools (``@RUN@`` in their macros), and where its content lies.
PARTS, PARTS_BESIDE = "metapipe-work", "metapipe-parts"
_RECORD_SECONDS = 10.0
_GRACE_SECONDS = 1.0
# The record of a start is made by the job's own process and only where there is none, so one start is one process,
# even if the process that asked for it died and its successor asks again. Boot, then the line of /proc/PID/stat.
_LAUNCH = """
set -C
read -r stat </proc/$$/stat && read -r boot </proc/sys/kernel/random/boot_id && echo "$boot $stat" >"$1" || exit
set +C
exec "$2" >"$3" 2>"$4"
"""


class JobState(AsynchronousJobState):
    """A job and its folder, which alone tells how it is."""

    def __init__(self, job_wrapper):
        super().__init__(
            job_wrapper,
            job_wrapper.job_destination,
            files_dir=job_wrapper.working_directory,
            job_id=job_wrapper.get_id_tag(),
        )
        self.stop_job = False
        # Everything goes with the job's folder when it is finished; until then a successor needs it.
        self.cleanup_file_attributes = []

    @property
    def folder(self) -> Path:
        return Path(self.job_wrapper.working_directory)

    @property
    def part(self) -> str:
        return f"job-{self.job_id}"

    def starts(self) -> int:
        return len(list(self.folder.glob("start_*")))

    def record(self, number: int) -> Path:
        return self.folder / f"start_{number}"

    def identity(self):
        """Process of the last start; ``None`` if it was never started (or did not come to say so)."""
        try:
            boot, stat = self.record(self.starts()).read_text().split(" ", 1)
            fields = stat[stat.rindex(")") + 2 :].split()
            return processes.Identity(int(stat.split(" ", 1)[0]), int(fields[19]), boot)
        except (OSError, ValueError, IndexError):
            return None

    def belonging(self):
        """Every living process of the job."""
        return processes.belonging(os.environ[processes.INSTANCE_MARK], [self.identity()], self.part)

    def has_ended(self) -> bool:
        """Whether the job came to its last line, which writes the exit code."""
        try:
            return Path(self.exit_code_file).read_text().strip().isdecimal()
        except OSError:
            return False


class DetachedJobRunner(AsynchronousJobRunner):
    """See the module. ``local_slots`` of a destination are the cores of its jobs, as of Galaxy's local runner."""

    runner_name = "DetachedRunner"

    def queue_job(self, job_wrapper):
        if not self.prepare_job(job_wrapper, include_metadata=False):
            return
        job_state = JobState(job_wrapper)
        slots = int(job_wrapper.job_destination.params.get("local_slots") or 1)
        script = self.get_job_file(
            job_wrapper,
            slots_statement=f'GALAXY_SLOTS="{slots}"; export GALAXY_SLOTS; '
            'GALAXY_SLOTS_CONFIGURED="1"; export GALAXY_SLOTS_CONFIGURED;',
            command=job_wrapper.runner_command_line,
            exit_code_path=job_state.exit_code_file,
            working_directory=job_wrapper.working_directory,
            shell=job_wrapper.shell,
        )
        self.write_executable_script(job_state.job_file, script, job_io=job_wrapper.job_io)
        _lay_parts_beside(job_state.folder)
        # Said before it is done: a successor that finds the job "running" without a process starts it.
        job = job_wrapper.get_job()
        job_wrapper.set_external_id(job_state.job_id, job=job, flush=False)
        job_wrapper.change_state(model.Job.states.RUNNING, job=job)
        self._launch(job_state)

    def recover(self, job, job_wrapper):
        job_wrapper.command_line = job.command_line
        self._watch(JobState(job_wrapper))

    def check_watched_item(self, job_state):
        identity = job_state.identity()
        if identity is not None and identity.alive:
            if not job_state.check_limits():
                return job_state
            job_state.stop_job = True
            self.mark_as_failed(job_state)
        else:
            self.work_queue.put((self.finish_job, job_state))
        return None

    def finish_job(self, job_state):
        """Finish a job whose process ended, or start it again if it was lost."""
        _end(job_state)
        wrapper = job_state.job_wrapper
        if not job_state.has_ended() and wrapper.get_state() == model.Job.states.RUNNING:
            if job_state.starts() < STARTS:
                log.warning("(%s) the job's process is lost; starting it once more", job_state.job_id)
                self._launch(job_state)
            else:
                job_state.fail_message = f"The job was lost {STARTS} times: something ended its processes."
                self.fail_job(job_state)
            return
        if wrapper.get_state() not in (model.Job.states.ERROR, model.Job.states.DELETED):
            self._describe_results(wrapper)
        if not self._should_stop:
            super().finish_job(job_state)

    def stop_job(self, job_wrapper):
        _end(JobState(job_wrapper))

    def _describe_results(self, wrapper):
        wrapper.setup_external_metadata(
            output_fnames=wrapper.job_io.get_output_fnames(),
            set_extension=True,
            tmp_dir=wrapper.working_directory,
            # What a tool's inputs handed on to its outputs stays, as everywhere in Galaxy.
            kwds={"overwrite": False},
        )
        metadata_task.describe(
            set_job_metadata,
            lambda: self._should_stop,
            tool_job_working_directory=wrapper.working_directory,
            job_id=wrapper.job_id,
            extended_metadata_collection="extended" in wrapper.metadata_strategy,
        )

    def _launch(self, job_state):
        record = job_state.record(job_state.starts() + 1)
        words = [record, job_state.job_file, job_state.output_file, job_state.error_file]
        environment = {
            name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR", processes.INSTANCE_MARK) if name in os.environ
        }
        subprocess.run(
            ["setsid", "--fork", "/bin/sh", "-c", _LAUNCH, "sh", *map(str, words)],
            cwd=job_state.folder,
            env=environment | {"LC_CTYPE": "C.UTF-8", processes.PART_MARK: job_state.part},
            stdin=subprocess.DEVNULL,
            check=True,
        )
        end = time.monotonic() + _RECORD_SECONDS
        while job_state.identity() is None:
            if time.monotonic() > end:
                raise RuntimeError("the job's process did not start")
            time.sleep(0.005)
        self._watch(job_state)

    def _watch(self, job_state):
        job_state.running = True
        self.monitor_job(job_state)


def _end(job_state):
    """End whatever of the job still lives."""
    processes.stop(job_state.belonging(), _GRACE_SECONDS, job_state.belonging)


def _lay_parts_beside(folder):
    """Let the working folder of a META-pipe run lie where the job's script does not clear it away."""
    beside, place = folder / PARTS_BESIDE, folder / "working" / PARTS
    beside.mkdir(exist_ok=True)
    place.parent.mkdir(exist_ok=True)
    if not place.is_symlink():
        place.symlink_to(beside)
