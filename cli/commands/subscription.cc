#include <algorithm>

#include "arguments.h"
#include "commands.h"
#include "listing.h"
#include "records.h"
#include "text.h"

namespace forge::cli {
namespace {

Object group_object(const GroupInfo& group) {
  List out;
  for (const OutEvent& event : group.out) {
    out.emplace_back(Object{{"seq", event.seq},
                            {"consumer", event.consumer},
                            {"attempt", event.attempt},
                            {"since", format_time(event.since)},
                            {"stalled", event.stalled}});
  }
  return Object{{"name", group.name},
                {"seq", group.done_to},
                {"lag", group.lag},
                {"retrying", group.retrying},
                {"parked", group.parked},
                {"consumers", group.consumers},
                {"created", format_time(group.created)},
                {"updated", format_time(group.updated)},
                {"out", std::move(out)}};
}

Result<int> run_subscription_list(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::vector<GroupInfo> groups, store.groups());
  Listing listing(session, {.headings = {"name", "event", "lag", "retrying", "parked", "updated"},
                            .columns = {"name", "seq", "lag", "retrying", "parked", "updated"},
                            .name = "name"});
  for (const GroupInfo& group : groups) {
    if (listing.full()) break;
    if (session.out.is_table()) {
      FORGE_TRY(listing.row({group.name, std::to_string(group.done_to), std::to_string(group.lag), std::to_string(group.retrying),
                             std::to_string(group.parked), time_text(group.updated)},
                            group.name));
    } else {
      FORGE_TRY(listing.row(group_object(group), group.name));
    }
  }
  FORGE_TRY(listing.end(listing.limit() > 0 && groups.size() > listing.limit(), store.head(), groups.size()));
  return 0;
}

Result<int> run_subscription_show(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const GroupInfo group, store.group(session.arguments.words()[0]));
  std::string text = group.name + "  event " + std::to_string(group.done_to) + " of " + std::to_string(store.head()) + " · lag " +
                     grouped(group.lag) + "\n";
  text += "retrying  " + grouped(group.retrying) + "\nparked    " + grouped(group.parked);
  if (group.parked > 0) text += "   see: forgectl subscription parked " + group.name;
  text += "\ncreated   " + time_text(group.created) + "\nupdated   " + time_text(group.updated) + "\n";
  FORGE_TRY(session.out.text(text));
  FORGE_TRY(session.out.object(group_object(group), "name"));
  return 0;
}

// A parked event with what it is; what the log cannot tell any more is left empty.
Status print_parked(Session& session, const View& view, const ParkedEvent& parked, Listing& listing) {
  FORGE_ASSIGN(const Event event, view.event(parked.seq));
  const std::string position = std::to_string(parked.seq);
  if (session.out.is_table()) {
    return listing.row(
        {position, event.type, event.key, std::to_string(parked.attempts), time_text(parked.parked_at), parked.error}, position);
  }
  return listing.row(Object{{"seq", parked.seq},
                            {"type", event.type},
                            {"resource", event.resource},
                            {"key", event.key},
                            {"attempts", parked.attempts},
                            {"parked_at", format_time(parked.parked_at)},
                            {"error", parked.error}},
                     position);
}

Result<int> run_parked(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::vector<ParkedEvent> parked, store.parked(session.arguments.words()[0]));
  Listing listing(session, {.headings = {"event", "type", "key", "attempts", "parked", "error"},
                            .columns = {"seq", "type", "resource", "key", "attempts", "parked_at", "error"},
                            .name = "seq"});
  const View view = store.view();
  for (const ParkedEvent& event : parked) {
    if (listing.full()) break;
    FORGE_TRY(print_parked(session, view, event, listing));
  }
  FORGE_TRY(listing.end(listing.limit() > 0 && parked.size() > listing.limit(), store.head(), parked.size()));
  return 0;
}

// Both retry and skip: of one event, or of all with --all.
Result<int> run_unpark(Session& session, bool again) {
  const std::string& name = session.arguments.words()[0];
  const std::optional<std::string> word = session.arguments.word(1);
  if (word.has_value() == session.arguments.is_on("all")) {
    return Status(ErrorId::kUsage, "name one event or say --all").remedy("see: forgectl subscription parked " + name);
  }
  std::optional<Seq> seq;
  if (word) {
    FORGE_ASSIGN(seq, parse_count(*word));
  }
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_ASSIGN(const std::vector<ParkedEvent> parked, store.parked(name));
  std::uint64_t count = static_cast<std::uint64_t>(
      std::count_if(parked.begin(), parked.end(), [&](const ParkedEvent& event) { return !seq || event.seq == *seq; }));
  if (session.dry_run() && seq && count == 0) {
    return Status(ErrorId::kParkedNotFound, "event " + *word + " is not parked in '" + name + "'")
        .state("nothing was changed")
        .remedy("see: forgectl subscription parked " + name);
  }
  if (!session.dry_run()) {
    FORGE_ASSIGN(count, again ? store.retry_parked(name, seq) : store.skip_parked(name, seq));
  }
  const std::string done = again ? " will be delivered again" : " skipped";
  const char* note = session.dry_run() ? "   (dry run: nothing was written)" : "";
  FORGE_TRY(session.out.text(name + "  " + counted(count, "event") + done + note + "\n"));
  FORGE_TRY(session.out.object(Object{{"name", name}, {"count", count}, {"applied", !session.dry_run()}}, "name"));
  return 0;
}

Result<int> run_subscription_retry(Session& session) {
  return run_unpark(session, true);
}

Result<int> run_subscription_skip(Session& session) {
  return run_unpark(session, false);
}

Argument group_argument() {
  return {.name = "NAME", .summary = "the subscription", .offer = Offer::kSubscription};
}

Argument event_argument() {
  return {.name = "EVENT", .summary = "the parked event's seq", .required = false};
}

}  // namespace

const Command& subscription_command() {
  static const Command kCommand{
      .name = "subscription",
      .summary = "durable cursors: how far they are, and what they gave up on",
      .examples = {{"forgectl subscription list", ""}, {"forgectl subscription parked mailer", ""}},
  };
  return kCommand;
}

const Command& subscription_list_command() {
  static const Command kCommand{
      .name = "subscription list",
      .summary = "every durable subscription and how far it is",
      .flags = {limit_flag(), page_flag()},
      .examples = {{"forgectl subscription list", ""}},
      .run = run_subscription_list,
  };
  return kCommand;
}

const Command& subscription_show_command() {
  static const Command kCommand{
      .name = "subscription show",
      .summary = "one durable subscription",
      .arguments = {group_argument()},
      .examples = {{"forgectl subscription show mailer", ""}},
      .run = run_subscription_show,
  };
  return kCommand;
}

const Command& subscription_parked_command() {
  static const Command kCommand{
      .name = "subscription parked",
      .summary = "the events that a subscription gave up on, and why",
      .arguments = {group_argument()},
      .flags = {limit_flag(), page_flag()},
      .examples = {{"forgectl subscription parked mailer", ""}},
      .run = run_parked,
  };
  return kCommand;
}

const Command& subscription_retry_command() {
  static const Command kCommand{
      .name = "subscription retry",
      .summary = "deliver parked events again, with all their attempts",
      .arguments = {group_argument(), event_argument()},
      .flags = {{.name = "all", .summary = "every parked event"}},
      .examples = {{"forgectl subscription retry mailer 17", ""}, {"forgectl subscription retry mailer --all", ""}},
      .writes = true,
      .run = run_subscription_retry,
  };
  return kCommand;
}

const Command& subscription_skip_command() {
  static const Command kCommand{
      .name = "subscription skip",
      .summary = "give parked events up for good",
      .arguments = {group_argument(), event_argument()},
      .flags = {{.name = "all", .summary = "every parked event"}},
      .examples = {{"forgectl subscription skip mailer 17", ""}},
      .writes = true,
      .run = run_subscription_skip,
  };
  return kCommand;
}

}  // namespace forge::cli
