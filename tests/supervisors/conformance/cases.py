"""The 93 cases of OTP's supervisor_SUITE, by number: how each is ported, and where its test is.

`Y` as it is · `A` adapted, as the test's docstring says · `P` over real processes · `N` has no meaning here.
"""

from typing import Literal, NamedTuple

Mark = Literal["Y", "A", "P", "N"]
GROUPS = (12, 3, 7, 7, 2, 3, 6, 3, 4, 4, 3, 2, 14, 4, 8, 4, 7)
"""How many cases the groups of the suite have, in its order; the last ones are its cases without a group."""


class Case(NamedTuple):
    name: str
    mark: Mark
    module: str = ""
    """Of its test, beside this one."""


CASES = (
    Case("sup_start_normal", "Y", "test_start"),
    Case("sup_start_ignore_init", "Y", "test_start"),
    Case("sup_start_ignore_child", "Y", "test_start"),
    Case("sup_start_ignore_temporary_child", "Y", "test_start"),
    Case("sup_start_ignore_temporary_child_start_child", "Y", "test_start"),
    Case("sup_start_ignore_temporary_child_start_child_simple", "Y", "test_start"),
    Case("sup_start_ignore_permanent_child_start_child_simple", "Y", "test_start"),
    Case("sup_start_error_return", "Y", "test_start"),
    Case("sup_start_fail", "Y", "test_start"),
    Case("sup_start_child_returns_error", "Y", "test_start"),
    Case("sup_start_restart_child_returns_error", "Y", "test_start"),
    Case("sup_start_child_returns_error_simple", "Y", "test_start"),
    Case("sup_start_map", "Y", "test_specs"),
    Case("sup_start_map_simple", "Y", "test_specs"),
    Case("sup_start_map_faulty_specs", "Y", "test_specs"),
    Case("sup_stop_infinity", "Y", "test_stop"),
    Case("sup_stop_timeout", "A", "test_stop"),
    Case("sup_stop_timeout_dynamic", "A", "test_stop"),
    Case("sup_stop_brutal_kill", "P", "test_processes"),
    Case("sup_stop_brutal_kill_dynamic", "P", "test_processes"),
    Case("sup_stop_race", "Y", "test_stop"),
    Case("sup_stop_non_shutdown_exit_dynamic", "Y", "test_stop"),
    Case("child_adm", "Y", "test_administration"),
    Case("child_adm_simple", "Y", "test_administration"),
    Case("extra_return", "A", "test_administration"),
    Case("child_specs", "A", "test_specs"),
    Case("child_specs_map", "Y", "test_specs"),
    Case("sup_flags", "Y", "test_specs"),
    Case("multiple_restarts", "Y", "test_restarts"),
    Case("one_for_one", "Y", "test_restarts"),
    Case("one_for_one_escalation", "Y", "test_restarts"),
    Case("one_for_all", "Y", "test_restarts"),
    Case("one_for_all_escalation", "Y", "test_restarts"),
    Case("one_for_all_other_child_fails_restart", "Y", "test_restarts"),
    Case("simple_one_for_one", "Y", "test_dynamic"),
    Case("simple_one_for_one_shutdown", "Y", "test_dynamic"),
    Case("simple_one_for_one_extra", "A", "test_administration"),
    Case("simple_one_for_one_escalation", "Y", "test_dynamic"),
    Case("simple_one_for_one_corruption", "A", "test_scale"),
    Case("simple_one_for_one_restart_ignore", "Y", "test_dynamic"),
    Case("rest_for_one", "Y", "test_restarts"),
    Case("rest_for_one_escalation", "Y", "test_restarts"),
    Case("rest_for_one_other_child_fails_restart", "Y", "test_restarts"),
    Case("external_start_no_progress_log", "A", "test_administration"),
    Case("permanent_normal", "Y", "test_termination"),
    Case("transient_normal", "Y", "test_termination"),
    Case("temporary_normal", "Y", "test_termination"),
    Case("permanent_shutdown", "Y", "test_termination"),
    Case("transient_shutdown", "Y", "test_termination"),
    Case("temporary_shutdown", "Y", "test_termination"),
    Case("faulty_application_shutdown", "A", "test_termination"),
    Case("permanent_abnormal", "Y", "test_termination"),
    Case("transient_abnormal", "Y", "test_termination"),
    Case("temporary_abnormal", "Y", "test_termination"),
    Case("child_unlink", "A", "test_administration"),
    Case("tree", "Y", "test_tree"),
    Case("nonsignificant_temporary", "Y", "test_auto_shutdown"),
    Case("nonsignificant_transient", "Y", "test_auto_shutdown"),
    Case("significant_temporary", "Y", "test_auto_shutdown"),
    Case("significant_transient", "Y", "test_auto_shutdown"),
    Case("significant_simple", "Y", "test_auto_shutdown"),
    Case("significant_bystander", "Y", "test_auto_shutdown"),
    Case("significant_escalation", "Y", "test_auto_shutdown"),
    Case("significant_upgrade_never_any", "A", "test_reconfigure"),
    Case("significant_upgrade_any_never", "A", "test_reconfigure"),
    Case("significant_upgrade_never_all", "A", "test_reconfigure"),
    Case("significant_upgrade_all_never", "A", "test_reconfigure"),
    Case("significant_upgrade_any_all", "A", "test_reconfigure"),
    Case("significant_upgrade_all_any", "A", "test_reconfigure"),
    Case("significant_upgrade_child", "A", "test_reconfigure"),
    Case("count_children", "Y", "test_scale"),
    Case("count_children_supervisor", "Y", "test_scale"),
    Case("count_restarting_children", "Y", "test_retries"),
    Case("get_callback_module", "N"),  # a helper of OTP's release handler: code is replaced with the process here
    Case("do_not_save_start_parameters_for_temporary_children", "A", "test_scale"),
    Case("do_not_save_child_specs_for_temporary_children", "Y", "test_administration"),
    Case("simple_one_for_one_scale_many_temporary_children", "Y", "test_scale"),
    Case("temporary_bystander", "Y", "test_restarts"),
    Case("simple_global_supervisor", "P", "test_processes"),
    Case("hanging_restart_loop", "Y", "test_retries"),
    Case("hanging_restart_loop_rest_for_one", "Y", "test_retries"),
    Case("hanging_restart_loop_simple", "Y", "test_retries"),
    Case("code_change", "A", "test_reconfigure"),
    Case("code_change_map", "A", "test_reconfigure"),
    Case("code_change_simple", "A", "test_reconfigure"),
    Case("code_change_simple_map", "A", "test_reconfigure"),
    Case("order_of_children", "Y", "test_administration"),
    Case("scale_start_stop_many_children", "A", "test_scale"),
    Case("format_log_1", "A", "test_reports"),
    Case("format_log_2", "A", "test_reports"),
    Case("already_started_outside_supervisor", "Y", "test_administration"),
    Case("which_children", "Y", "test_administration"),
    Case("which_children_simple_one_for_one", "Y", "test_administration"),
)
