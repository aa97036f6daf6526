#include "forge/store/repair.h"

#include "commands.h"
#include "copying.h"
#include "text.h"

namespace forge::cli {
namespace {

Object plan_object(const RepairPlan& plan) {
  Object out{{"store", plan.store},
             {"kept", plan.kept},
             {"known", plan.known},
             {"lost_events", plan.lost()},
             {"lost_transactions_readable", plan.lost_transactions},
             {"lost_events_readable", plan.readable}};
  if (!plan.reason.ok()) out.add("reason", plan.reason.message());
  if (!plan.manifest.empty()) out.add("manifest", plan.manifest);
  return out;
}

std::string plan_text(const RepairPlan& plan) {
  std::string text = "kept  " + (plan.kept == 0 ? std::string("nothing") : "events 1 to " + std::to_string(plan.kept)) + "\n";
  if (plan.lost() == 0) {
    text += "lost  nothing\n";
  } else {
    text += "lost  events " + std::to_string(plan.kept + 1) + " to " + std::to_string(plan.known) + "; " +
            (plan.readable == 0 ? "none of them can be read"
                                : counted(plan.readable, "event") + " of " + counted(plan.lost_transactions, "transaction") +
                                      " among them can still be read") +
            "\n";
  }
  if (!plan.reason.ok()) {
    const ErrorText& reason = plan.reason.text();
    text += "why   " + printable(reason.what + (reason.why.empty() ? "" : ": " + reason.why)) + "\n";
  }
  if (!plan.manifest.empty()) text += "data files as " + plan.manifest + " lists them\n";
  return text;
}

Status check_repair_flags(const Session& session) {
  const bool in_place = session.arguments.is_on("in-place");
  if (in_place == session.arguments.given("to")) {
    return Status(ErrorId::kUsage, "repair needs --to DIR").why("or --in-place, not both").remedy("see: forgectl help repair");
  }
  if (!in_place || session.arguments.is_on("yes") || session.dry_run()) return {};
  return Status(ErrorId::kConfirmationNeeded, "repair --in-place moves the damaged store aside")
      .state("nothing was changed")
      .remedy("add --yes, or repair a copy: --to DIR");
}

Result<int> dry_repair(Session& session, const std::string& path, const std::string& target, const CopyOptions& options) {
  if (!session.arguments.is_on("in-place")) FORGE_TRY(check_copy_target(target));
  FORGE_ASSIGN(const RepairPlan plan, plan_repair(path, target, options));
  FORGE_TRY(session.out.text(plan_text(plan) + "(dry run: nothing was written)\n"));
  Object object = plan_object(plan);
  object.add("written", false);
  FORGE_TRY(session.out.object(object, "store"));
  return 0;
}

Result<int> run_repair(Session& session) {
  FORGE_TRY(check_repair_flags(session));
  const bool in_place = session.arguments.is_on("in-place");
  FORGE_ASSIGN(const std::string path, session.store_path());
  const std::string target = in_place ? path : session.arguments.text("to");
  const std::int64_t begun = session.streams.clock->now().micros;
  Progress progress(session.streams, session.progress_form(), "events");
  CopyOptions options;
  copy_surroundings(session, progress, options);
  if (session.dry_run()) return dry_repair(session, path, target, options);
  InPlaceReport done;
  if (in_place) {
    FORGE_ASSIGN(done, repair_in_place(path, options));
  } else {
    FORGE_ASSIGN(done.report, repair(path, target, options));
  }
  progress.clear();
  std::string text = plan_text(done.report.plan);
  if (done.report.note) text += "said by event " + std::to_string(*done.report.note) + " of the new store\n";
  if (in_place) text += "the damaged store is kept in " + done.damaged + "\n";
  FORGE_TRY(session.out.text(text));
  Object more = plan_object(done.report.plan);
  if (in_place) more.add("damaged", done.damaged);
  return report_copy(session, "Repaired", target, done.report.copy, begun, more);
}

}  // namespace

const Command& repair_command() {
  std::vector<Flag> flags = copying_flags();
  flags.push_back({.name = "in-place", .summary = "put the repaired store here and keep the damaged one beside it; needs --yes"});
  static const Command kCommand{
      .name = "repair",
      .summary = "what can be saved of a damaged store, made into a sound one",
      .flags = flags,
      .examples = {{"forgectl repair --to ../repaired --dry-run", "what would be kept and what is lost"},
                   {"forgectl repair --to ../repaired --verify", ""}},
      .notes =
          "Keeps the longest beginning of the log that holds against the tree, the watermark and the fold. The damaged store is\n"
          "only read, and of its data only the log: all else is made anew. An event of the new store says what was lost. A\n"
          "backup may hold more: forgectl help integrity.",
      .writes = true,
      .run = run_repair,
  };
  return kCommand;
}

}  // namespace forge::cli
