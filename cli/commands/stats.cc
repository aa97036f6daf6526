#include "commands.h"
#include "session.h"
#include "text.h"

namespace forge::cli {
namespace {

Result<int> run_stats(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const StoreStats stats, store.stats());
  const std::uint64_t bytes = stats.log_bytes + stats.state_bytes + stats.history_bytes + stats.index_bytes + stats.tree_bytes +
                              stats.rows_bytes + stats.wal_bytes;
  std::string text = "events " + grouped(stats.head) + " · records about " + grouped(stats.records_estimate) + " · " +
                     bytes_text(bytes) + " (log " + bytes_text(stats.log_bytes) + ", state " + bytes_text(stats.state_bytes) +
                     ", history " + bytes_text(stats.history_bytes) + ", index " + bytes_text(stats.index_bytes) + ", tree " +
                     bytes_text(stats.tree_bytes) + ", rows " + bytes_text(stats.rows_bytes) + ", wal " +
                     bytes_text(stats.wal_bytes) + ") · head " + std::to_string(stats.head);
  if (stats.head > 0) text += " at " + time_text(stats.head_time);
  if (stats.origin) text += " · events 1 to " + std::to_string(stats.origin->seq) + " from the store " + stats.origin->store;
  FORGE_TRY(session.out.text(text + " · schema version " + std::to_string(stats.schema_version) + "\n"));
  Value head_at, origin;
  if (stats.head > 0) head_at = format_time(stats.head_time);
  if (stats.origin) origin = Object{{"store", stats.origin->store}, {"seq", stats.origin->seq}};
  FORGE_TRY(session.out.object(Object{{"id", stats.id},
                                      {"path", store.path()},
                                      {"origin", std::move(origin)},
                                      {"events", stats.head},
                                      {"head", stats.head},
                                      {"head_at", std::move(head_at)},
                                      {"records_estimate", stats.records_estimate},
                                      {"schema_version", stats.schema_version},
                                      {"bytes", bytes},
                                      {"log_bytes", stats.log_bytes},
                                      {"state_bytes", stats.state_bytes},
                                      {"history_bytes", stats.history_bytes},
                                      {"index_bytes", stats.index_bytes},
                                      {"tree_bytes", stats.tree_bytes},
                                      {"rows_bytes", stats.rows_bytes},
                                      {"wal_bytes", stats.wal_bytes}},
                               "id"));
  return 0;
}

}  // namespace

const Command& stats_command() {
  static const Command kCommand{
      .name = "stats",
      .summary = "how much is in the store",
      .examples = {{"forgectl stats", ""}, {"forgectl stats -o json", ""}},
      .notes =
          "The number of records is an estimate: what was changed lately may count more than once. Rows are those of projections "
          "and "
          "subscriptions.",
      .run = run_stats,
  };
  return kCommand;
}

}  // namespace forge::cli
