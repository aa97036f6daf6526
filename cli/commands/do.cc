#include <algorithm>
#include <optional>

#include "action_input.h"
#include "batch.h"
#include "commands.h"
#include "forge/events/key.h"
#include "forge/store/outcome.h"
#include "records.h"
#include "text.h"

namespace forge::cli {
namespace {

// The policies of an action that was only tried: all of them have allowed it. None of a receipt that was given before.
std::span<const Rule> policies_asked(const Receipt& receipt, const Action& action) {
  return receipt.replayed ? std::span<const Rule>() : std::span<const Rule>(action.policies);
}

Object receipt_object(const Receipt& receipt, const Action& action, bool dry_run) {
  Object out{{"resource", receipt.resource},
             {"key", receipt.key},
             {"version", receipt.version},
             {"seq", receipt.seq},
             {"type", receipt.type},
             {"recorded_at", format_time(receipt.recorded_at)},
             {"transaction", receipt.transaction.to_string()},
             {"replayed", receipt.replayed}};
  if (!dry_run) return out;
  out.add("applied", false);
  List policies;
  for (const Rule& policy : policies_asked(receipt, action)) policies.emplace_back(policy.name);
  if (!policies.empty()) out.add("policies", std::move(policies));
  return out;
}

std::string receipt_text(const Receipt& receipt, const Action& action, bool dry_run) {
  std::string line = receipt.resource + " " + printable(receipt.key) + "  v" + std::to_string(receipt.version) + "  event " +
                     std::to_string(receipt.seq) + "  " + receipt.type;
  if (receipt.replayed) line += "   (already done: same key, same input)";
  if (!dry_run) return line + "\n";
  line += "   (dry run: nothing was written)\n";
  for (const Rule& policy : policies_asked(receipt, action)) {
    line += "  allowed by policy '" + policy.name + "'   " + policy.place + "\n";
  }
  return line;
}

// "14 s ago".
std::string ago_text(Time then, Time now) {
  const std::int64_t seconds = std::max<std::int64_t>(now.micros - then.micros, 0) / 1'000'000;
  if (seconds < 120) return std::to_string(seconds) + " s ago";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min ago";
  return seconds < 172'800 ? std::to_string(seconds / 3600) + " h ago" : std::to_string(seconds / 86'400) + " days ago";
}

// The key that the arguments name, as people write it; empty where a part is not given.
std::string key_given(const Resource& resource, const Args& args) {
  std::vector<std::string> parts;
  for (const std::uint16_t part : resource.key_fields) {
    const Value* value = args.find(resource.record.fields[part].name);
    if (value == nullptr) return {};
    parts.push_back(value_text(*value));
  }
  return join_key(parts);
}

// A version conflict, with who changed the record last and from what, where that can be told.
Status conflict_explained(Session& session, const Store& store, const Action& action, const Args& args, const Status& conflict) {
  const Resource& resource = *action.resource;
  const std::string key = key_given(resource, args);
  if (conflict.id() != ErrorId::kVersionConflict || key.empty()) return about_action(conflict, action);
  // An attached store shows what was there when it was opened.
  std::optional<Store> newer;
  if (store.is_attached()) {
    Result<Store> again = session.open_again();
    if (!again.ok()) return conflict;
    newer.emplace(*std::move(again));
  }
  const View view = (newer ? *newer : store).view();
  const Result<std::vector<VersionRow>> rows = view.history(resource.name, key);
  if (!rows.ok() || rows->empty()) return conflict;
  const VersionRow& last = rows->back();
  const Result<Event> event = view.event(last.seq);
  if (!event.ok()) return conflict;
  std::string why = "changed by event " + std::to_string(last.seq) + " " + event->type + " (";
  if (!last.actor.empty()) why += "actor " + last.actor + ", ";
  why += ago_text(last.recorded_at, session.streams.clock->now()) + ")";
  if (!last.changes.empty()) why += ": " + changes_text(last.changes);
  Status status = conflict;
  if (last.version < 2) return std::move(status).why(std::move(why));
  const std::string range = std::to_string(last.version - 1) + ".." + std::to_string(last.version);
  return std::move(status).why(std::move(why)).remedy("look: forgectl diff " + resource.name + " " + key + " " + range);
}

// A retry without a key might act twice.
Status without_key(Status unknown) {
  return std::move(unknown).remedy(
      "look before it is sent again: forgectl log --newest --limit 1; with --idempotency-key a retry is safe");
}

Status check_single(const Arguments& arguments) {
  for (const char* flag : {"acks", "strict", "on-error"}) {
    if (arguments.given(flag))
      return Status(ErrorId::kUsage, "--" + std::string(flag) + " goes with --batch only").remedy("see: forgectl help do");
  }
  if (arguments.words().empty()) {
    return Status(ErrorId::kUsage, "do needs RESOURCE.ACTION").remedy("see: forgectl help do");
  }
  // An empty one is most likely a variable that is not set: without a key a retry would act twice.
  if (arguments.given("idempotency-key") && arguments.text("idempotency-key").empty()) {
    return Status(ErrorId::kUsage, "--idempotency-key is empty").remedy("give a key, or leave --idempotency-key out");
  }
  return {};
}

Result<int> run_do(Session& session) {
  const Arguments& arguments = session.arguments;
  if (arguments.is_on("batch")) return run_batch(session);
  FORGE_TRY(check_single(arguments));
  ActOptions options = session.act_options();
  options.idempotency_key = arguments.text("idempotency-key");
  options.correlation = arguments.text("correlation");
  if (const auto at = arguments.if_text("at")) {
    FORGE_ASSIGN(options.occurred_at, parse_time(*at));
  }
  FORGE_ASSIGN(options.condition, read_condition(arguments));
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_ASSIGN(ActionRequest request, read_action(session, *store.domain(), arguments.words()));
  options.if_version = request.if_version;
  const Result<Receipt> receipt = store.act(request.action, request.args, options);
  const std::shared_ptr<const Domain> domain = store.domain();
  const Action& action = *domain->find_action(request.action);
  if (may_be_stored(receipt.status()) && options.idempotency_key.empty()) return without_key(receipt.status());
  if (!receipt.ok()) return conflict_explained(session, store, action, request.args, receipt.status());
  FORGE_TRY(session.out.text(receipt_text(*receipt, action, options.dry_run)));
  FORGE_TRY(session.out.object(receipt_object(*receipt, action, options.dry_run), "key"));
  return 0;
}

std::vector<Flag> flags() {
  std::vector<Flag> out = action_flags();
  const std::vector<Flag> more = {
      {.name = "idempotency-key",
       .type = FlagType::kText,
       .value = "KEY",
       .summary = "the same key and input again gives the first answer, and is done once"},
      {.name = "reason", .type = FlagType::kText, .value = "TEXT", .summary = "why; recorded with the event"},
      {.name = "at", .type = FlagType::kText, .value = "TIME", .summary = "when it happened, where that is not now"},
      {.name = "correlation", .type = FlagType::kText, .value = "ID", .summary = "what it belongs to"},
      {.name = "batch", .summary = "transactions from standard input or --input @FILE, one a line"},
      {.name = "acks", .summary = "with --batch: print 'ack KEY FIRST LAST' once a line is on disk"},
      {.name = "on-error",
       .type = FlagType::kText,
       .value = "stop|quarantine:FILE",
       .summary = "with --batch: where a refused line goes",
       .default_value = "stop"},
      {.name = "strict", .summary = "with --batch: exit 4 where a line was quarantined"},
  };
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace

const Command& do_command() {
  static const Command kCommand{
      .name = "do",
      .summary = "issue an action, or a batch of transactions",
      .arguments = {{.name = "RESOURCE.ACTION", .summary = "the action's name", .required = false, .offer = Offer::kAction},
                    {.name = "NAME=VALUE",
                     .summary = "its arguments, typed by the schema; NAME:=JSON for any value: NAME:=null clears a text, too",
                     .required = false,
                     .repeated = true,
                     .offer = Offer::kAssignment}},
      .flags = flags(),
      .examples = {{"forgectl do Order.place id=o-1 sku=tea qty=2 --idempotency-key req-42", ""},
                   {"forgectl do Order.resize --input '{\"id\":\"o-1\",\"qty\":5}' --if-version 1", ""},
                   {"forgectl do Order.place id=o-2 sku=tea --unless-tag sku=tea --after 8", "unless somebody ordered tea since"},
                   {"forgectl do --batch --input @actions.ndjson", "resumable: run it again"}},
      .notes =
          "A line of a batch is one transaction, all or nothing; it may have a role, a reason, a correlation and a condition, "
          "too,\n"
          "\"condition\":{\"items\":[{\"types\":[\"Order.*\"],\"tags\":[\"sku=tea\"]}],\"after\":8}: refused where one item "
          "matches an event.\n"
          "  {\"idempotency_key\":\"k-1\",\"at\":\"2026-11-23T04:00:00Z\",\"actor\":\"web\",\n"
          "   \"actions\":[{\"action\":\"Order.place\",\"args\":{\"id\":\"o-1\"},\"if_version\":0}]}",
      .writes = true,
      .run = run_do,
  };
  return kCommand;
}

}  // namespace forge::cli
