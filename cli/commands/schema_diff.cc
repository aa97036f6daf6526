#include "commands.h"
#include "forge/store/schema_impact.h"
#include "schema_gap_text.h"
#include "schema_source.h"
#include "session.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr int kSame = 0;
constexpr int kDiffers = 1;

struct Sides {
  std::shared_ptr<const Domain> before, after;
};

// Version 0 is that of a store without a schema.
Result<std::shared_ptr<const Domain>> side_of(const Store& store, const std::string& version) {
  return version == "0" ? Domain::system() : schema_of_version(store, version);
}

// "1..3", "1..", "..3".
Result<Sides> sides_of_versions(const Store& store, const std::string& range) {
  const std::size_t dots = range.find("..");
  const std::string from = range.substr(0, dots), to = range.substr(dots + 2);
  const Result<std::uint64_t> first = parse_count(from.empty() ? "0" : from), second = parse_count(to);
  if (first.ok() && second.ok() && *first > *second) {
    return Status(ErrorId::kRangeReversed, "the range " + range + " ends before it begins")
        .remedy("swap the bounds: " + to + ".." + from);
  }
  FORGE_ASSIGN(std::shared_ptr<const Domain> before, side_of(store, from.empty() ? "0" : from));
  FORGE_ASSIGN(std::shared_ptr<const Domain> after, side_of(store, to));
  return Sides{std::move(before), std::move(after)};
}

// What the newest version changed.
Result<Sides> newest_sides(const Store& store) {
  const std::vector<SchemaVersion> versions = store.schemas();
  const std::uint32_t newest = versions.empty() ? 0 : versions.back().version;
  FORGE_ASSIGN(std::shared_ptr<const Domain> before, side_of(store, std::to_string(newest == 0 ? 0 : newest - 1)));
  return Sides{std::move(before), store.domain()};
}

bool is_range(const std::string& word) {
  return word.find("..") != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos;
}

std::string mark_of(const SchemaChange& change) {
  if (change.kind == "add") return "+ ";
  return change.kind == "remove" ? "- " : "~ ";
}

// The step of an upcast that some record does not come through is breaking: schema add looks at each of them.
void count_refused(const std::vector<UpcastRefusal>& refused, SchemaChange& change, SchemaImpact& impact) {
  if (change.kind != "upcast" || !change.safe) return;
  for (const UpcastRefusal& refusal : refused) {
    if (refusal.resource != change.path) continue;
    change.safe = false;
    impact.records = refusal.records;
  }
}

Status print_change(Session& session, const SchemaChange& change, const SchemaImpact& impact) {
  const std::string compatibility(compatibility_of(change));
  if (session.out.is_table()) {
    const auto shown = [&](std::uint64_t number) { return change.safe ? std::string() : grouped(number); };
    return session.out.row({change.path, mark_of(change) + change.text, compatibility == "breaking" ? "BREAKING" : compatibility,
                            shown(impact.events), shown(impact.records)});
  }
  return session.out.row(Object{{"path", change.path},
                                {"kind", change.kind},
                                {"text", change.text},
                                {"safe", change.safe},
                                {"compatibility", compatibility},
                                {"events", impact.events},
                                {"records", impact.records}});
}

Status print_changes(Session& session, const View& view, std::vector<SchemaChange> changes,
                     const std::vector<UpcastRefusal>& refused) {
  FORGE_ASSIGN(std::vector<SchemaImpact> impact, impact_of(view, changes));
  session.out.begin_list({.headings = {"what", "change", "compatibility", "events", "records"},
                          .columns = {"path", "kind", "text", "safe", "compatibility", "events", "records"},
                          .name = "path"});
  std::size_t breaking = 0, defaults = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (!changes[i].safe) ++(changes[i].needs_default ? defaults : breaking);
    count_refused(refused, changes[i], impact[i]);
    FORGE_TRY(print_change(session, changes[i], impact[i]));
  }
  FORGE_TRY(session.out.end_list());
  if (breaking > 0)
    session.notice(std::to_string(breaking) + " breaking: keep what is stored, and add beside it: forgectl help evolution");
  if (defaults > 0) session.notice(counted(defaults, "new required field") + " without a default: give default: \"…\"");
  for (const UpcastRefusal& refusal : refused) {
    session.notice("the upcast of " + refusal.resource + " fails on " + counted(refusal.records, "record") + ": " +
                   refusal.first.message());
  }
  if (breaking + defaults + refused.size() > 0) session.notice("schema add refuses this");
  return {};
}

Result<int> run_schema_diff_diff(Session& session) {
  const std::string word = session.arguments.word(0).value_or("");
  std::shared_ptr<const Domain> file;
  if (!word.empty() && !is_range(word)) {
    const Domain::Outcome outcome = parse_schema_file(word);
    if (outcome.domain == nullptr) return session.refuse(outcome.errors);
    file = outcome.domain;
  }
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  Sides sides{store.domain(), file};
  if (file == nullptr) {
    FORGE_ASSIGN(sides, word.empty() ? newest_sides(store) : sides_of_versions(store, word));
  }
  std::vector<UpcastRefusal> refused;
  if (file != nullptr) {
    FORGE_ASSIGN(std::vector<SourceFile> sources, Domain::load_sources(word));
    FORGE_ASSIGN(refused, refused_upcasts(store, std::move(sources)));
  }
  const std::vector<SchemaChange> changes = compare(*sides.before, *sides.after);
  FORGE_TRY(print_changes(session, store.view(), changes, refused));
  // Of two versions, what either lacks is no matter of what runs now.
  if (file != nullptr) {
    FORGE_ASSIGN(const std::vector<SchemaGap> gaps, schema_gaps(store.view(), *sides.before, *sides.after));
    for (const SchemaGap& gap : gaps) session.notice(gap_text(gap));
  }
  return changes.empty() ? kSame : kDiffers;
}

}  // namespace

const Command& schema_diff_command() {
  static const Command kCommand{
      .name = "schema diff",
      .summary = "what a schema file, or a version of the schema, changes, and what that would break",
      .arguments = {{.name = "FILE|V..W",
                     .summary = "a file against the schema in force, or two versions; else what the newest version changed",
                     .required = false,
                     .offer = Offer::kFile}},
      .examples = {{"forgectl schema diff shop.fbs", "before schema add"},
                   {"forgectl schema diff 1..2", ""},
                   {"forgectl schema diff shop.fbs -o json | jq '.[] | select(.safe | not)'", ""}},
      .notes =
          "compatible: stored events read the same. needs_default: it would be, if the new field had a default. breaking:\n"
          "schema add refuses it. Of these, events and records are those in the store that it would hit: events that set\n"
          "or cleared the field and living records that have a value there, or all of the resource. The upcasts of FILE are\n"
          "tried on every record: a step is breaking where one does not come through, and records are those. Exit status\n"
          "as of diff(1): 0 the same, 1 different, 2 and more trouble.",
      .run = run_schema_diff_diff,
  };
  return kCommand;
}

}  // namespace forge::cli
