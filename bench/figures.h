#pragma once

// The groups of figures. Each measures in directories of its own and appends what it found.

#include <string>
#include <vector>

#include "figure.h"
#include "settings.h"

namespace forge::bench {

void measure_commits(const Settings& settings, std::vector<Figure>& figures);
void measure_processor(const Settings& settings, std::vector<Figure>& figures);
void measure_as_of(const Settings& settings, std::vector<Figure>& figures);
void measure_scans(const Settings& settings, std::vector<Figure>& figures);
void measure_history(const Settings& settings, std::vector<Figure>& figures);
void measure_disk(const Settings& settings, std::vector<Figure>& figures);
void measure_opening(const Settings& settings, std::vector<Figure>& figures);
void measure_subscriptions(const Settings& settings, std::vector<Figure>& figures);
void measure_rebuild(const Settings& settings, std::vector<Figure>& figures);
void measure_following(const Settings& settings, std::vector<Figure>& figures);
void measure_socket(const Settings& settings, std::vector<Figure>& figures);
void measure_import(const Settings& settings, std::vector<Figure>& figures);
void measure_decisions(const Settings& settings, std::vector<Figure>& figures);
void measure_workflows(const Settings& settings, std::vector<Figure>& figures);
// Part of the former.
void measure_workflow_costs(const Settings& settings, std::vector<Figure>& figures);
void measure_maps(const Settings& settings, std::vector<Figure>& figures);
void measure_recovery(const Settings& settings, std::vector<Figure>& figures);

// The other process of measure_recovery: writes into the store in `path` until it is killed, and says on standard output when the
// write-ahead log holds `bytes`.
[[noreturn]] void fill_log(const std::filesystem::path& path, std::uintmax_t bytes);
// The other process of measure_import: brings the file into the store and says on standard output how many KiB it had at most.
[[noreturn]] void import_rows(const std::filesystem::path& store, const std::filesystem::path& rows);
// The other processes of measure_workflow_costs, on a store in `path`: "runs" carries out `count` runs of ten steps, and "acts"
// calls `count` actions without; either says on standard output how many KiB it had at most. "leave" leaves so many runs
// unfinished, and does not return.
void work_on_runs(const std::string& what, const std::filesystem::path& path, std::uint64_t count);
// The other process of measure_rebuild: rebuilds the store in `origin` and says on standard output how many KiB it had at most.
void rebuild_alone(const std::filesystem::path& origin, const std::filesystem::path& target);
// The other process of measure_maps: carries out a run over the rows in a new store, succeeds where it completes, and says
// on standard output how many KiB it had at most.
[[noreturn]] void map_rows(const std::filesystem::path& store, const std::filesystem::path& rows);

// The other process of measure_socket: holds a store in `path` and answers, until its standard input ends. Says on standard output
// when it does.
void hold_store(const std::filesystem::path& path);

}  // namespace forge::bench
