"""Everything that can go wrong with a run, what a user sees, what it costs, and the tests that prove it.

The twenty numbers are those of the failure tests asked for at the start of the runner. A test is named by its file and
function; ``test_the_twenty_failures.py`` fails when one has been renamed or removed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """One thing that can go wrong.

    :param what: a few words. :param seen: what the user sees. :param cost: beyond the undisturbed run.
    :param tests: ``file.py::function`` below ``tests/``.
    """

    what: str
    seen: str
    cost: str
    tests: tuple[str, ...]


_NOTHING = "nothing; the run report names the attempt"
_ANEW = "the run; a rerun does only the missing blocks"

FAILURES: dict[int, Failure] = {
    1: Failure(
        "An executor of a cluster, or the Java of a local session, is killed",
        "cluster: nothing; local: `E601`, exit code 75",
        "cluster: its blocks once more; local: " + _ANEW,
        (
            "runner/sessions/test_cluster.py::test_a_killed_executor_costs_its_blocks_once_more_and_nothing_else",
            "runner/sessions/test_fault_killed.py::"
            "test_a_killed_jvm_ends_the_run_as_temporary_and_a_rerun_does_only_what_is_missing",
        ),
    ),
    2: Failure(
        "A Python worker, or the daemon that forks them, is killed",
        _NOTHING,
        "its block once more",
        (
            "runner/sessions/test_fault_killed.py::test_a_killed_python_worker_costs_its_block_once_more_and_nothing_else",
            "runner/sessions/test_fault_killed.py::test_a_killed_daemon_of_the_python_workers_is_replaced",
            "runner/run/test_retry.py::test_a_block_whose_worker_is_lost_every_time_ends_the_run_as_temporary",
            "runner/sessions/test_cluster_faults.py::test_a_killed_python_worker_on_a_host_costs_its_block_once_more",
        ),
    ),
    3: Failure(
        "A program crashes on one record",
        "`W402`, and the record in the quarantine file; `E402` or `E401` (71) when there are more than allowed",
        "at most two more blocks for each such record",
        (
            "runner/guard/test_fault_programs.py::"
            "test_the_record_at_fault_is_set_aside_with_all_its_output_and_the_rest_is_byte_identical",
            "runner/run/test_engine.py::test_a_poison_record_is_quarantined_and_the_rest_is_byte_identical",
            "runner/guard/test_hostile_programs.py::test_only_the_record_at_fault_is_set_aside_and_nothing_stays_behind",
            "runner/run/test_retry.py::test_all_but_the_poison_records_are_done_at_a_bounded_cost",
        ),
    ),
    4: Failure(
        "A program fails after part of its output",
        "as 3; none of that output is used",
        "as 3",
        ("runner/guard/test_fault_programs.py::test_a_program_that_fails_ends_the_run_and_leaves_nothing",),
    ),
    5: Failure(
        "A program says that all is well, but has not finished",
        "`E403` (71), or as 3",
        "the block once more, then as 3",
        (
            "runner/guard/test_fault_programs.py::test_a_program_that_fails_ends_the_run_and_leaves_nothing",
            "runner/run/test_retry.py::test_a_flaky_end_that_does_not_come_again_costs_one_block_and_no_record",
        ),
    ),
    6: Failure(
        "A program hangs, idle or busy",
        "`E801` (124), or as 3",
        "the time limit of a block, about twice",
        (
            "runner/run/test_engine.py::test_a_hang_ends_at_the_time_limit",
            "runner/run/test_engine.py::test_a_hanging_record_is_quarantined_like_any_other",
            "runner/guard/test_limits.py::test_a_block_that_does_nothing_at_all_is_ended",
            "runner/guard/test_limits.py::test_a_block_that_burns_without_end_is_ended_at_its_time_limit_and_not_taken_for_idle",
            "runner/guard/test_limits.py::test_a_hang_costs_about_twice_the_limit_and_only_its_record",
        ),
    ),
    7: Failure(
        "A program floods its standard error",
        "the end of what it said",
        "nothing: the middle is thrown away as it comes",
        (
            "runner/run/test_engine.py::test_a_failure_that_may_not_be_set_aside_ends_the_run_with_its_code_and_a_report",
            "runner/guard/test_hostile_programs.py::test_a_flood_on_standard_error_is_neither_kept_nor_passed_on",
        ),
    ),
    8: Failure(
        "A program ignores its input or closes it early",
        "nothing, or `E403` (71) when it has not finished",
        "nothing: it is given a file, not a pipe",
        (
            "runner/guard/test_fault_programs.py::test_a_program_that_ignores_its_input_neither_hangs_nor_breaks_the_run",
            "runner/guard/test_fault_programs.py::test_a_program_that_fails_ends_the_run_and_leaves_nothing",
        ),
    ),
    9: Failure(
        "A block needs more memory than the job has",
        "`E802` (137); Galaxy starts the job once more with more memory",
        "smaller blocks are tried first; then the run",
        (
            "runner/run/test_engine.py::test_a_failure_that_may_not_be_set_aside_ends_the_run_with_its_code_and_a_report",
            "runner/run/test_retry.py::test_memory_is_never_a_reason_to_set_a_record_aside",
            "runner/guard/test_limits.py::test_what_takes_more_memory_than_was_given_ends_as_lack_of_memory",
            "runner/sessions/test_fault_killed.py::test_a_killed_child_of_a_worker_is_taken_for_lack_of_memory",
            "instance/test_configuration.py::"
            "test_a_job_without_memory_enough_is_started_again_with_the_shares_of_all_jobs",
        ),
    ),
    10: Failure(
        "A disk is full: under parts, merge, uncompressed copy, summary, quarantine or report",
        "`E501` (73)",
        _ANEW,
        (
            "runner/run/test_fault_disk.py::test_a_disk_that_fills_up_under_the_parts_ends_the_run_and_room_lets_it_go_on",
            "runner/run/test_fault_disk.py::test_a_disk_that_fills_up_while_merging_ends_the_run_and_room_lets_it_go_on",
            "runner/run/test_fault_disk.py::test_a_disk_that_fills_up_under_the_uncompressed_copy_ends_the_run",
            "runner/run/test_fault_disk.py::test_a_disk_that_is_full_for_the_summary_holds_back_the_outputs",
            "runner/run/test_fault_disk.py::test_a_disk_that_is_full_for_the_records_set_aside_holds_back_the_outputs",
            "runner/run/test_fault_disk.py::test_a_disk_that_is_full_for_the_report_still_ends_with_its_code_and_no_output",
        ),
    ),
    11: Failure(
        "The program itself is killed, at any moment",
        "nothing but its end; all it has started is gone within 5 seconds",
        _ANEW,
        (
            "runner/run/test_fault_driver_killed.py::"
            "test_a_driver_killed_at_any_step_leaves_nothing_half_done_and_a_rerun_goes_on",
            "runner/run/test_fault_driver_killed.py::test_a_driver_killed_at_any_step_of_a_spark_session",
            "runner/run/test_fault_driver_killed.py::test_a_driver_killed_between_its_two_outputs_in_spark",
            "runner/run/test_resume.py::test_after_kill_9_of_the_driver_only_missing_blocks_run",
            "runner/run/test_resume.py::test_after_sigterm_only_missing_blocks_run",
            "runner/sessions/test_cluster_faults.py::test_a_killed_driver_leaves_nothing_on_the_hosts_and_a_rerun_does_what_is_missing",
        ),
    ),
    12: Failure(
        "A Galaxy job is cancelled",
        "the dataset is deleted; all processes are gone within 5 seconds",
        "the run",
        (
            "galaxy/test_cancelled_job.py::test_a_cancelled_job_is_gone_within_five_seconds_and_leaves_no_output",
            "runner/sessions/test_cluster_faults.py::test_a_cancelled_run_leaves_nothing_on_the_hosts_after_five_seconds",
            "runner/run/test_resume.py::test_an_interrupted_run_ends_everything_it_started",
        ),
    ),
    13: Failure(
        "A reference database is missing, altered or half copied, here or on one host",
        "`E202`, `E203` (66), with the host's name",
        "nothing: told before any work",
        (
            "runner/run/test_fault_database.py::test_a_database_that_is_not_whole_is_told_before_anything_runs",
            "runner/sessions/test_cluster_settings.py::test_a_host_that_lacks_something_is_named",
        ),
    ),
    14: Failure(
        "The input is damaged or unusual: cut gz, CRLF, lower case, empty, one record, names twice, odd headers",
        "`E101` to `E110` (65) with file and line, or nothing where it is only unusual",
        "nothing: told before any work",
        (
            "runner/scan/test_bad_input.py::test_a_bad_fasta_file_is_refused_in_words",
            "runner/scan/test_bad_input.py::test_a_bad_fastq_file_is_refused_in_words",
            "runner/scan/test_bad_input.py::test_a_gzip_file_cut_anywhere_is_refused",
            "runner/scan/test_odd_input.py::test_headers_may_hold_marks_and_letters_of_any_language",
            "runner/scan/test_odd_input.py::test_a_record_larger_than_a_block_is_one_block",
            "runner/scan/test_bad_input.py::test_accepted_are_crlf_lower_case_iupac_blank_lines_and_records_without_letters",
            "runner/run/test_engine.py::test_the_identity_is_the_identity",
            "runner/run/test_engine.py::test_an_empty_input_is_a_result_where_the_stage_says_so",
        ),
    ),
    15: Failure(
        "One block is attempted twice at once",
        "nothing",
        "the second attempt; the first to end wins",
        (
            "runner/guard/test_fault_time.py::test_of_two_attempts_at_a_block_the_first_to_end_wins_and_the_other_is_dropped",
            "runner/guard/test_fault_time.py::test_attempts_at_one_block_at_the_same_time_leave_one_whole_part",
            "runner/guard/test_fault_time.py::"
            "test_a_run_in_which_every_block_is_attempted_twice_at_once_gives_the_same_bytes",
        ),
    ),
    16: Failure(
        "The master of a cluster is down, or the secret is wrong",
        "`E303` or `E311` within 15 seconds",
        "at most 15 seconds",
        (
            "runner/sessions/test_cluster.py::test_a_wrong_secret_ends_the_run_in_time",
            "runner/sessions/test_cluster.py::test_a_master_that_is_down_ends_the_run_in_time",
        ),
    ),
    17: Failure(
        "A program leaves a child behind that has left its session",
        "nothing: it is found, counted and killed when the block ends",
        "nothing",
        (
            "runner/run/test_engine.py::test_a_grandchild_that_holds_the_pipes_does_not_hold_the_run",
            "runner/guard/test_hostile_programs.py::test_a_program_that_ignores_every_signal_it_can_ends_at_the_limit_with_all_it_started",
            "runner/run/test_engine.py::test_a_failure_that_may_not_be_set_aside_ends_the_run_with_its_code_and_a_report",
            "runner/accounting/test_accounting.py::test_what_a_block_left_running_is_counted_too",
        ),
    ),
    18: Failure(
        "The clock jumps",
        "nothing; times of day in the run report are what the clock said",
        "nothing: durations and limits use the monotonic clock",
        (
            "runner/guard/test_fault_time.py::test_a_clock_that_jumps_changes_neither_bytes_nor_durations",
            "runner/guard/test_fault_time.py::test_a_limit_holds_while_the_clock_jumps",
            "runner/guard/test_fault_time.py::test_nothing_is_measured_or_limited_by_the_time_of_day",
        ),
    ),
    19: Failure(
        "A host fails again and again, or is cut off",
        "nothing; other hosts take its blocks",
        "the blocks it had begun, and 10 seconds where it is cut off",
        (
            "runner/sessions/test_cluster_faults.py::test_a_host_that_fails_is_left_out_and_the_others_do_its_blocks",
            "runner/sessions/test_cluster_faults.py::"
            "test_a_host_that_is_cut_off_costs_its_blocks_and_ten_seconds_and_ends_its_own_processes",
        ),
    ),
    20: Failure(
        "Blocks are cut otherwise or come back in another order",
        "the same bytes",
        "nothing",
        (
            "runner/run/test_engine.py::test_every_cut_and_order_gives_the_same_bytes",
            "runner/sessions/test_spark.py::test_any_cut_and_order_gives_the_same_bytes_in_spark",
            "stages/test_partition_invariance.py::*",
        ),
    ),
}


def table_markdown() -> str:
    """The table of ``docs/failures.md``."""
    rows = ["| No. | What goes wrong | What you see | What it costs |", "| --- | --- | --- | --- |"]
    rows += [f"| {number} | {one.what} | {one.seen} | {one.cost} |" for number, one in FAILURES.items()]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table_markdown(), end="")
