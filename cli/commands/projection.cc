#include <algorithm>
#include <chrono>
#include <functional>

#include "arguments.h"
#include "commands.h"
#include "forge/projections/audit_index.h"
#include "listing.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr std::chrono::milliseconds kLook{100};

// "E5003 at event 7: …".
std::string failure_text(const ProjectionFailure& failure) {
  return "E" + std::to_string(static_cast<unsigned>(ErrorId::kProjectionFailed)) + " at event " + std::to_string(failure.seq) +
         ": " + failure.error;
}

Object projection_object(const ProjectionInfo& info) {
  Value failure;
  if (info.failure) {
    failure = Object{{"seq", info.failure->seq}, {"at", format_time(info.failure->at)}, {"error", info.failure->error}};
  }
  Value rebuilt_to;
  if (info.rebuilt_to) rebuilt_to = *info.rebuilt_to;
  return Object{{"name", info.name},
                {"state", std::string(name_of(info.state))},
                {"mode", std::string(name_of(info.mode))},
                {"code_version", info.code_version},
                {"seq", info.seq},
                {"lag", info.lag},
                {"errors", info.errors},
                {"skipped", info.skipped},
                {"updated", format_time(info.updated)},
                {"failure", std::move(failure)},
                {"rebuilt_to", std::move(rebuilt_to)}};
}

Result<int> run_projection_list(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::vector<ProjectionInfo> projections, store.projections().list());
  Listing listing(session, {.headings = {"name", "state", "event", "lag", "errors", "updated", "failure"},
                            .columns = {"name", "state", "mode", "code_version", "seq", "lag", "errors", "skipped", "updated"},
                            .name = "name"});
  for (const ProjectionInfo& info : projections) {
    if (listing.full()) break;
    if (session.out.is_table()) {
      FORGE_TRY(listing.row({info.name, std::string(name_of(info.state)), std::to_string(info.seq), std::to_string(info.lag),
                             std::to_string(info.errors), time_text(info.updated), info.failure ? failure_text(*info.failure) : ""},
                            info.name));
    } else {
      FORGE_TRY(listing.row(projection_object(info), info.name));
    }
  }
  FORGE_TRY(listing.end(listing.limit() > 0 && projections.size() > listing.limit(), store.head(), projections.size()));
  const bool has_audit =
      std::any_of(projections.begin(), projections.end(), [](const ProjectionInfo& info) { return info.name == kAuditIndex; });
  if (!has_audit)
    session.notice("audit, an index of the log for log --actor and the like, is off — forgectl projection rebuild audit");
  return 0;
}

Result<int> run_projection_show(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const ProjectionInfo info, store.projections().get(session.arguments.words()[0]));
  std::string text = info.name + "  " + std::string(name_of(info.state)) + " · event " + std::to_string(info.seq) + " of " +
                     std::to_string(store.head()) + " · lag " + grouped(info.lag) + "\n";
  text += "mode      " + std::string(name_of(info.mode)) + ", code version " + std::to_string(info.code_version) + "\n";
  text += "updated   " + time_text(info.updated) + "\n";
  if (info.rebuilt_to) text += "rebuilt   to event " + std::to_string(*info.rebuilt_to) + ", beside the rows that are read\n";
  if (info.skipped > 0) text += "skipped   " + counted(info.skipped, "event") + "\n";
  if (info.failure) {
    text += "failure   " + printable(failure_text(*info.failure)) + "\n          since " + time_text(info.failure->at) +
            "   go on with: forgectl projection retry " + info.name + ", or skip\n";
  }
  FORGE_TRY(session.out.text(text));
  FORGE_TRY(session.out.object(projection_object(info), "name"));
  return 0;
}

// --- telling --------------------------------------------------------------------------------------------------------------------

// One line for people, one object for programs. `seq`: the event that it was about; 0: none.
Status print_told(Session& session, const std::string& name, const std::string& done, Seq seq) {
  const char* note = session.dry_run() ? "   (dry run: nothing was written)" : "";
  FORGE_TRY(session.out.text(name + "  " + done + note + "\n"));
  Object object{{"name", name}};
  if (seq > 0) object.add("seq", seq);
  object.add("applied", !session.dry_run());
  return session.out.object(object, "name");
}

// A dry run decides on a store that is open for reading, where nothing can be told: what would be refused is seen from what is
// stored.
Status check_dry(const Store& store, const std::string& name, const std::function<bool(const ProjectionInfo&)>& fits,
                 const char* otherwise) {
  FORGE_ASSIGN(const ProjectionInfo info, store.projections().get(name));
  if (fits(info)) return {};
  return Status(ErrorId::kProjectionOtherState, "the projection '" + name + "' " + otherwise)
      .state("nothing was changed")
      .remedy("see: forgectl projection show " + name);
}

Result<int> run_pause(Session& session) {
  const std::string& name = session.arguments.words()[0];
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_TRY(session.dry_run()
                ? check_dry(
                      store, name, [](const auto& info) { return info.state != ProjectionState::kPaused; }, "is paused already")
                : store.projections().pause(name, session.act_options()));
  FORGE_TRY(print_told(session, name, "paused", 0));
  return 0;
}

Result<int> run_resume(Session& session) {
  const std::string& name = session.arguments.words()[0];
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_TRY(session.dry_run()
                ? check_dry(
                      store, name, [](const auto& info) { return info.state == ProjectionState::kPaused; }, "is not paused")
                : store.projections().resume(name, session.act_options()));
  FORGE_TRY(print_told(session, name, "goes on", 0));
  return 0;
}

Result<int> run_settle(Session& session, bool passes_over) {
  const std::string& name = session.arguments.words()[0];
  FORGE_ASSIGN(Store store, session.open_for_writing());
  Seq seq = 0;
  if (session.dry_run()) {
    FORGE_TRY(check_dry(
        store, name, [](const auto& info) { return info.failure.has_value(); }, "did not fail"));
    FORGE_ASSIGN(const ProjectionInfo info, store.projections().get(name));
    if (info.failure) seq = info.failure->seq;
  } else {
    Projections& projections = store.projections();
    FORGE_ASSIGN(seq, passes_over ? projections.skip(name, session.act_options()) : projections.retry(name, session.act_options()));
  }
  const std::string event = "event " + std::to_string(seq);
  FORGE_TRY(print_told(session, name, passes_over ? event + " skipped" : event + " will be tried again", seq));
  return 0;
}

Result<int> run_projection_retry(Session& session) {
  return run_settle(session, false);
}

Result<int> run_projection_skip(Session& session) {
  return run_settle(session, true);
}

Result<int> run_drop(Session& session) {
  const std::string& name = session.arguments.words()[0];
  FORGE_ASSIGN(Store store, session.open_for_writing());
  const Status known = store.projections().get(name).status();
  if (!known.ok()) return Status(known).state("nothing was changed");
  if (!session.dry_run()) {
    if (!session.arguments.is_on("yes")) {
      return Status(ErrorId::kConfirmationNeeded, "dropping the projection '" + name + "' removes all its rows")
          .state("nothing was changed");
    }
    FORGE_TRY(store.projections().drop(name, session.act_options()));
  }
  FORGE_TRY(print_told(session, name, "dropped", 0));
  return 0;
}

// --- rebuilding -----------------------------------------------------------------------------------------------------------------

// Until its rows are those of the event; Ctrl-C leaves it to the next opening.
Status follow(Session& session, const Store& store, const std::string& name, Seq head) {
  Progress progress(session.streams, session.progress_form(), "events");
  for (;;) {
    if (session.interrupted()) {
      return Status(ErrorId::kCancelled, "stopped").state("the next opening for writing goes on with it");
    }
    FORGE_ASSIGN(const ProjectionInfo info, store.projections().get(name));
    const Seq reached = info.rebuilt_to.value_or(info.seq);
    progress.show(reached, head == 0 ? 1 : static_cast<double>(reached) / static_cast<double>(head));
    Status done = store.projections().await_rebuild(name, kLook);
    if (done.ok()) done = store.projections().await(name, head, kLook);
    if (done.id() == ErrorId::kDeadlinePassed) continue;
    progress.clear();
    return done;
  }
}

// The audit index is Forge's own: where there is none, this is how it is switched on. The code of any other is in the program that
// has it, which does the work when it opens the store.
Result<int> run_projection_rebuild(Session& session) {
  const std::string& name = session.arguments.words()[0];
  FORGE_ASSIGN(Store store, session.open_for_writing());
  const Result<ProjectionInfo> before = store.projections().get(name);
  const bool is_new = before.status().id() == ErrorId::kProjectionNotFound && name == kAuditIndex;
  if (!is_new && !before.ok()) return Status(before.status()).state("nothing was changed");
  if (session.dry_run()) {
    FORGE_TRY(print_told(session, name, is_new ? "will be built" : "will be rebuilt", 0));
    return 0;
  }
  const std::unique_ptr<Server> server = session.serve(store);
  FORGE_TRY(is_new ? store.projections().add(audit_index()) : store.projections().rebuild(name, session.act_options()));
  FORGE_ASSIGN(const Seq head, store.newest_head());  // also where another process wrote the event of this
  const bool is_done_here = name == kAuditIndex;
  if (is_done_here) FORGE_TRY(follow(session, store, name, head));
  FORGE_TRY(print_told(session, name,
                       is_done_here ? (is_new ? "built to event " : "rebuilt to event ") + std::to_string(head)
                                    : "will be rebuilt by the program that has its code, when that opens the store",
                       0));
  return 0;
}

Argument projection_argument() {
  return {.name = "NAME", .summary = "the projection", .offer = Offer::kProjection};
}

Flag reason_flag() {
  return {.name = "reason", .type = FlagType::kText, .value = "TEXT", .summary = "why; recorded with the event"};
}

}  // namespace

const Command& projection_command() {
  static const Command kCommand{
      .name = "projection",
      .summary = "rows that follow from the log: how far they are, and what stopped them",
      .examples = {{"forgectl projection list", ""}, {"forgectl projection rebuild audit", "switches the audit index on"}},
  };
  return kCommand;
}

const Command& projection_list_command() {
  static const Command kCommand{
      .name = "projection list",
      .summary = "every projection, how far it is and what stopped it",
      .flags = {limit_flag(), page_flag()},
      .examples = {{"forgectl projection list", ""}},
      .run = run_projection_list,
  };
  return kCommand;
}

const Command& projection_show_command() {
  static const Command kCommand{
      .name = "projection show",
      .summary = "one projection, with the event and the error that stopped it",
      .arguments = {projection_argument()},
      .examples = {{"forgectl projection show audit", ""}},
      .run = run_projection_show,
  };
  return kCommand;
}

const Command& projection_rebuild_command() {
  static const Command kCommand{
      .name = "projection rebuild",
      .summary = "build its rows anew beside the old ones, then exchange them",
      .arguments = {projection_argument()},
      .flags = {reason_flag()},
      .examples = {{"forgectl projection rebuild audit", "built where there is none yet"}},
      .notes =
          "The old rows serve until the new ones are complete. Only the audit index is built by this command; the rows of another "
          "projection are built by the program that has its code, when that opens the store.",
      .writes = true,
      .run = run_projection_rebuild,
  };
  return kCommand;
}

const Command& projection_pause_command() {
  static const Command kCommand{
      .name = "projection pause",
      .summary = "let it stand still",
      .arguments = {projection_argument()},
      .flags = {reason_flag()},
      .examples = {{"forgectl projection pause audit", ""}},
      .writes = true,
      .run = run_pause,
  };
  return kCommand;
}

const Command& projection_resume_command() {
  static const Command kCommand{
      .name = "projection resume",
      .summary = "let it go on after a pause",
      .arguments = {projection_argument()},
      .flags = {reason_flag()},
      .examples = {{"forgectl projection resume audit", ""}},
      .writes = true,
      .run = run_resume,
  };
  return kCommand;
}

const Command& projection_retry_command() {
  static const Command kCommand{
      .name = "projection retry",
      .summary = "try the event again that it failed on",
      .arguments = {projection_argument()},
      .flags = {reason_flag()},
      .examples = {{"forgectl projection retry daily_revenue", ""}},
      .writes = true,
      .run = run_projection_retry,
  };
  return kCommand;
}

const Command& projection_skip_command() {
  static const Command kCommand{
      .name = "projection skip",
      .summary = "pass over the event that it failed on, for good",
      .arguments = {projection_argument()},
      .flags = {reason_flag()},
      .examples = {{"forgectl projection skip daily_revenue --reason 'a known bug'", ""}},
      .notes = "Its rows are then those of all events but this one. Who skipped which event stays in the log.",
      .writes = true,
      .run = run_projection_skip,
  };
  return kCommand;
}

const Command& projection_drop_command() {
  static const Command kCommand{
      .name = "projection drop",
      .summary = "remove it with all its rows",
      .arguments = {projection_argument()},
      .flags = {reason_flag()},
      .examples = {{"forgectl projection drop audit --yes", ""}},
      .writes = true,
      .run = run_drop,
  };
  return kCommand;
}

}  // namespace forge::cli
