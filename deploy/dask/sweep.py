#!/usr/bin/env python3
"""Computes the jobs of `smallbatch sweep plan` on a Dask cluster.

    smallbatch sweep plan                                   # the jobs, in the folder sweep
    python sweep.py sweep --workers 8                       # on this machine, or
    python sweep.py sweep --scheduler tcp://10.0.0.1:8786   # on a cluster
    smallbatch sweep collect sweep                          # the answers

Every worker runs `smallbatch sweep run-job`. By default all machines see the folder under the same path; with --send the plan and
the results go through the scheduler, and a worker needs the program alone. Jobs that have a result are not computed again, so
the same command goes on where it was stopped.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distributed import Client, LocalCluster, WorkerPlugin, as_completed, get_worker

# Between two lines about the progress, in seconds.
QUIET = 5.0
# What a worker that gets the plan by the scheduler does not need.
NOT_SENT = {"results", "cache"}


def run_job(folder, program, job):
    """Computes one job in a folder. A process of its own: what it does cannot harm the worker."""
    command = [program, "sweep", "run-job", str(folder), job, "--threads", "1"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise RuntimeError(f"cannot start {program} on this worker: {error}") from None
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-2000:])


def run_sent_job(plugin, program, job):
    """The same in the worker's own copy of the plan. Returns the result's bytes."""
    folder = get_worker().plugins[plugin].folder
    run_job(folder, program, job)
    return (folder / "results" / job).read_bytes()


class Plan(WorkerPlugin):
    """A copy of the plan on every worker, those that join later as well."""

    def __init__(self, folder):
        plan = (folder / "plan.json").read_bytes()
        self.name = f"smallbatch-{json.loads(plan)['checksum']}"
        files = (path for path in folder.rglob("*") if path.is_file())
        names = ((path, path.relative_to(folder)) for path in files)
        self.files = {str(name): path.read_bytes() for path, name in names if name.parts[0] not in NOT_SENT}

    def setup(self, worker):
        self.copy = tempfile.TemporaryDirectory(prefix="smallbatch-", dir=worker.local_directory)
        self.folder = Path(self.copy.name)
        for name, content in self.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.folder / "results").mkdir(exist_ok=True)

    def teardown(self, worker):
        self.copy.cleanup()


def is_whole(result):
    """Whether a result is there and not cut short: its first line ends with the length of the rest."""
    try:
        head, _, rest = result.read_bytes().partition(b"\n")
        return int(head.split()[-1]) == len(rest)
    except (OSError, ValueError, IndexError):
        return False


def keep(folder, job, content):
    """Writes a result beside its place and moves it there: a reader finds all of it or nothing."""
    with tempfile.NamedTemporaryFile(dir=folder / "results", prefix=".sent-", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(file.name, 0o644)
    os.replace(file.name, folder / "results" / job)


def main():
    asked = arguments()
    folder = asked.folder.resolve()
    if not (folder / "jobs.jsonl").is_file():
        sys.exit(f"there is no plan in {folder}; make one with `smallbatch sweep plan`")
    lines = (folder / "jobs.jsonl").read_text().splitlines()
    jobs = [json.loads(line) for line in lines]
    missing = [job for job in jobs if not is_whole(folder / "results" / job["job"])]
    # The longest first: none of them is waited for at the end.
    missing.sort(key=lambda job: -job["cost"])
    print(f"{len(missing)} of {len(jobs)} jobs to compute", flush=True)
    cluster = None
    if asked.scheduler is None:
        cluster = LocalCluster(n_workers=asked.workers, threads_per_worker=1, dashboard_address=None)
    with Client(asked.scheduler or cluster) as client:
        failed = compute(client, folder, missing, asked)
    if cluster is not None:
        cluster.close()
    for job, reason in failed:
        print(f"{job['table']}, repetition {job['repetition']}: {reason}", file=sys.stderr)
    if failed:
        sys.exit(f"{len(failed)} jobs failed; the same command tries them again")


def compute(client, folder, jobs, asked):
    """Computes jobs, and returns those that failed, each with the reason."""
    if asked.send:
        plan = Plan(folder)
        client.register_plugin(plan)
        work, where = run_sent_job, plan.name
    else:
        work, where = run_job, str(folder)
    futures = {
        client.submit(work, where, asked.program, job["job"], key=f"smallbatch-{job['job']}", retries=asked.retries): job
        for job in jobs
    }
    failed, began, told = [], time.monotonic(), time.monotonic()
    for n_done, future in enumerate(as_completed(futures), 1):
        job = futures[future]
        if future.status != "finished":
            failed.append((job, future.exception()))
        elif asked.send:
            keep(folder, job["job"], future.result())
        future.release()
        now = time.monotonic()
        if now - told > QUIET or n_done == len(futures):
            told = now
            print(f"{n_done} of {len(futures)} jobs, {now - began:.0f} s", flush=True)
    return failed


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the plan")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="that of a cluster, such as tcp://10.0.0.1:8786")
    where.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N", help="processes on this machine [default: one a core]")
    parser.add_argument("--program", default="smallbatch", help="the program on the workers [default: smallbatch]")
    parser.add_argument("--send", action="store_true", help="the workers do not see the folder")
    parser.add_argument("--retries", type=int, default=2, metavar="N", help="how often a job that fails is tried again [default: 2]")
    return parser.parse_args()


if __name__ == "__main__":
    main()
