#pragma once

// One function for each command; the file of that name defines it.

#include "command.h"

namespace forge::cli {

const Command& init_command();
const Command& do_command();
const Command& undo_command();
const Command& get_command();
const Command& list_command();
const Command& query_command();
const Command& history_command();
const Command& log_command();
const Command& tail_command();
const Command& show_command();
const Command& diff_command();
const Command& blame_command();
const Command& trace_command();
const Command& explain_command();
const Command& schema_command();
const Command& schema_check_command();
const Command& schema_add_command();
const Command& schema_diff_command();
const Command& schema_list_command();
const Command& schema_show_command();
const Command& schema_graph_command();
const Command& schema_gen_command();
const Command& workflow_command();
const Command& workflow_check_command();
const Command& workflow_add_command();
const Command& workflow_list_command();
const Command& workflow_show_command();
const Command& workflow_graph_command();
const Command& workflow_run_command();
const Command& workflow_work_command();
const Command& workflow_runs_command();
const Command& workflow_test_command();
const Command& workflow_trace_command();
const Command& workflow_replay_command();
const Command& workflow_debug_command();
const Command& workflow_signal_command();
const Command& workflow_approve_command();
const Command& workflow_cancel_command();
const Command& workflow_terminate_command();
const Command& workflow_pause_command();
const Command& workflow_resume_command();
const Command& workflow_retry_command();
const Command& workflow_waive_command();
const Command& workflow_fork_command();
const Command& bookmark_command();
const Command& bookmark_add_command();
const Command& bookmark_list_command();
const Command& bookmark_remove_command();
const Command& subscription_command();
const Command& subscription_list_command();
const Command& subscription_show_command();
const Command& subscription_parked_command();
const Command& subscription_retry_command();
const Command& subscription_skip_command();
const Command& import_command();
const Command& export_command();
const Command& backup_command();
const Command& restore_command();
const Command& rebuild_command();
const Command& fork_command();
const Command& repair_command();
const Command& projection_command();
const Command& projection_list_command();
const Command& projection_show_command();
const Command& projection_rebuild_command();
const Command& projection_pause_command();
const Command& projection_resume_command();
const Command& projection_retry_command();
const Command& projection_skip_command();
const Command& projection_drop_command();
const Command& verify_command();
const Command& stats_command();
const Command& doctor_command();
const Command& shell_command();
const Command& config_command();
const Command& config_show_command();
const Command& config_list_command();
const Command& config_set_command();
const Command& config_unset_command();
const Command& completion_command();
const Command& version_command();
const Command& help_command();
const Command& complete_command();
const Command& man_command();

}  // namespace forge::cli
