#include "forge/store/rebuild.h"

#include "commands.h"
#include "copying.h"
#include "listing.h"
#include "text.h"

namespace forge::cli {
namespace {

Result<int> estimate(Session& session, const Store& store, const std::string& target, const CopyOptions& options) {
  FORGE_TRY(check_copy_target(target));
  FORGE_ASSIGN(const CopyEstimate found, estimate_rebuild(store, options));
  FORGE_TRY(session.out.text("Would rebuild " + counted(found.events, "event") + " into " + target + ", about " +
                             bytes_text(found.bytes) + " in " + elapsed_text(found.micros) +
                             "   (dry run: nothing was written)\n"));
  FORGE_TRY(session.out.object(Object{{"path", target},
                                      {"events", found.events},
                                      {"estimate_s", static_cast<double>(found.micros) / 1e6},
                                      {"bytes", found.bytes},
                                      {"written", false}},
                               "path"));
  return 0;
}

Result<int> copy_store(Session& session, const std::string& target, const std::string& verb) {
  const std::int64_t begun = session.streams.clock->now().micros;
  Progress progress(session.streams, session.progress_form(), "events");
  FORGE_ASSIGN(const CopyOptions options, copy_options(session, progress));
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  if (session.dry_run()) return estimate(session, store, target, options);
  FORGE_ASSIGN(const Copy copy, rebuild(store, target, options));
  progress.clear();
  return report_copy(session, verb, target, copy, begun);
}

Result<int> run_rebuild(Session& session) {
  FORGE_ASSIGN(const std::string target, copy_target(session));
  return copy_store(session, target, "Rebuilt");
}

Result<int> run_fork(Session& session) {
  return copy_store(session, session.arguments.words()[0], "Forked");
}

Flag point_flag(const char* summary) {
  Flag as_of = as_of_flag();
  as_of.summary = summary;
  as_of.default_value = "now";
  return as_of;
}

}  // namespace

const Command& rebuild_command() {
  std::vector<Flag> flags = copying_flags();
  flags.push_back(point_flag("the point it is rebuilt as of (help time)"));
  static const Command kCommand{
      .name = "rebuild",
      .summary = "a store as it stood at a point, made anew from the log",
      .flags = flags,
      .examples = {{"forgectl rebuild --to ../yesterday --as-of -1d --verify", ""},
                   {"forgectl rebuild --to /dev/shm/x --dry-run", "how long it would take"}},
      .notes =
          "Never in place: this store is only read, also beside a writer. Every event is held against the tree and folded\n"
          "again. The new store has an id of its own and remembers its origin. Interrupted, it is no store; run it again.",
      .writes = true,
      .run = run_rebuild,
  };
  return kCommand;
}

const Command& fork_command() {
  static const Command kCommand{
      .name = "fork",
      .summary = "a copy to try actions in",
      .arguments = {{.name = "DIR", .summary = "where: a new or an empty directory", .offer = Offer::kFile}},
      .flags = {point_flag("the point where it branches off (help time)"),
                {.name = "verify", .summary = "verify the new store whole"}},
      .examples = {{"forgectl fork ../what-if --as-of bookmark:before-migration", ""},
                   {"forgectl diff --store ../what-if --against .", "what it came to"}},
      .notes = "The fork is a store of its own: it does not need this one afterwards, and nothing done there is seen here.",
      .writes = true,
      .run = run_fork,
  };
  return kCommand;
}

}  // namespace forge::cli
