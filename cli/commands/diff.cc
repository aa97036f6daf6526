#include <algorithm>

#include "arguments.h"
#include "commands.h"
#include "listing.h"
#include "records.h"
#include "text.h"

namespace forge::cli {
namespace {

constexpr int kSame = 0;
constexpr int kDiffers = 1;

const ListShape kShape{.headings = {}, .columns = {"resource", "key", "kind", "before", "after", "diff"}, .name = "key"};

Value version_value(const std::optional<Version>& version) {
  return version.has_value() ? Value(*version) : Value();
}

Object diff_object(const RecordDiff& diff) {
  return Object{{"resource", diff.resource},
                {"key", diff.key},
                {"kind", std::string(name_of(diff.kind))},
                {"before", version_value(diff.before)},
                {"after", version_value(diff.after)},
                {"diff", changes_object(diff.changes)}};
}

// "- qty: 2" and "+ qty: 5".
std::string changes_lines(const RecordDiff& diff, const Style& style, const std::string& indent) {
  std::string out;
  for (const auto& change : diff.changes) {
    const std::string name = printable(change.field) + ": ";
    if (!change.before.is_null()) out += indent + style.red("- " + name + printable(value_shown(change.before))) + "\n";
    if (!change.after.is_null()) out += indent + style.green("+ " + name + printable(value_shown(change.after))) + "\n";
  }
  return out;
}

std::string heading_line(const RecordDiff& diff, const Style& style) {
  std::string kind(name_of(diff.kind));
  std::replace(kind.begin(), kind.end(), '_', ' ');
  std::string line = diff.resource + " " + printable(diff.key) + "  " + kind;
  if (diff.before.has_value()) line += "  v" + std::to_string(*diff.before);
  if (diff.after.has_value()) line += (diff.before.has_value() ? " → v" : "  v") + std::to_string(*diff.after);
  return style.bold(line) + "\n";
}

// The two sides of the comparison as seqs.
struct Sides {
  Seq before = 0;
  Seq after = 0;
};

// "1..2", "1..", "..2": versions; 0 is before the first.
Result<std::pair<Version, Version>> read_versions(const std::string& text, Version last) {
  const std::size_t dots = text.find("..");
  const Status wrong = Status(ErrorId::kUsage, "'" + text + "' is no pair of versions").remedy("write it as 1..2, 1.. or ..2");
  if (dots == std::string::npos) return wrong;
  const std::string from = text.substr(0, dots), to = text.substr(dots + 2);
  const Result<std::uint64_t> first = parse_count(from.empty() ? "0" : from);
  const Result<std::uint64_t> second = parse_count(to.empty() ? std::to_string(last) : to);
  if (!first.ok() || !second.ok()) return wrong;
  if (*first > *second) {
    return Status(ErrorId::kRangeReversed, "the range " + text + " ends before it begins")
        .remedy("swap the bounds: " + std::to_string(*second) + ".." + std::to_string(*first));
  }
  return std::pair<Version, Version>(*first, *second);
}

Result<Seq> seq_of_version(const std::vector<VersionRow>& rows, Version version, const std::string& name) {
  if (version == 0) return rows.front().seq - 1;
  for (const VersionRow& row : rows) {
    if (row.version == version) return row.seq;
  }
  return Status(ErrorId::kRecordNotFound, name + " has no version " + std::to_string(version))
      .why("its versions are 1 to " + std::to_string(rows.back().version));
}

Result<Sides> sides_by_version(const Store& store, const std::vector<std::string>& words) {
  FORGE_ASSIGN(const std::vector<VersionRow> rows, store.view().history(words[0], words[1]));
  FORGE_ASSIGN(const auto versions, read_versions(words[2], rows.back().version));
  const std::string name = words[0] + " " + words[1];
  FORGE_ASSIGN(const Seq before, seq_of_version(rows, versions.first, name));
  FORGE_ASSIGN(const Seq after, seq_of_version(rows, versions.second, name));
  return Sides{before, after};
}

// --as-of once or twice; the second is now where it is not given.
Result<Sides> sides_by_point(Session& session, const Store& store) {
  const std::vector<std::string> points = session.arguments.texts("as-of");
  if (points.empty() || points.size() > 2) {
    return Status(ErrorId::kUsage, "diff compares two points").remedy("give two versions (1..2), or --as-of once or twice");
  }
  FORGE_ASSIGN(const View before, session.view_at(store, points[0]));
  FORGE_ASSIGN(const View after, session.view_at(store, points.size() == 2 ? points[1] : "now"));
  if (before.seq() > after.seq()) {
    return Status(ErrorId::kRangeReversed, "the second --as-of is before the first")
        .why("they are events " + std::to_string(before.seq()) + " and " + std::to_string(after.seq()));
  }
  return Sides{before.seq(), after.seq()};
}

Result<int> diff_record(Session& session, const View& before, const View& after) {
  const std::vector<std::string>& words = session.arguments.words();
  FORGE_ASSIGN(const std::optional<RecordDiff> diff, after.diff(before, words[0], words[1]));
  if (session.out.is_table()) {
    if (diff.has_value()) FORGE_TRY(session.out.text(changes_lines(*diff, session.out.screen().style, "")));
  } else {
    session.out.begin_list(kShape);
    if (diff.has_value()) FORGE_TRY(session.out.row(diff_object(*diff)));
    FORGE_TRY(session.out.end_list());
  }
  return diff.has_value() ? kDiffers : kSame;
}

using Visit = std::function<bool(const RecordDiff&)>;

// Prints the differences that `walk` visits, up to --limit.
Result<int> list_diffs(Session& session, Seq seq, const std::function<Status(const Visit&)>& walk) {
  Listing listing(session, kShape);
  std::uint64_t found = 0;
  Status row;
  FORGE_TRY(walk([&](const RecordDiff& diff) {
    ++found;
    if (listing.full()) return false;
    if (session.interrupted()) return row = Status(ErrorId::kCancelled, "stopped"), false;
    if (!session.out.is_table()) return row = listing.row(diff_object(diff), diff.key), row.ok();
    const Style& style = session.out.screen().style;
    row = listing.text(heading_line(diff, style) + changes_lines(diff, style, "  "));
    return row.ok();
  }));
  FORGE_TRY(row);
  FORGE_TRY(listing.end(listing.limit() > 0 && found > listing.limit(), seq));
  return found > 0 ? kDiffers : kSame;
}

Result<int> diff_store(Session& session, const View& before, const View& after) {
  const std::string resource = session.arguments.word(0).value_or("");
  if (!resource.empty()) FORGE_TRY(resource_at(after, resource).status());
  return list_diffs(session, after.seq(), [&](const Visit& visit) { return after.diff_all(before, resource, visit); });
}

// What this store has that the other one has not, and the other way round: the other one is the side before.
Result<int> diff_against(Session& session, const Store& store) {
  const std::vector<std::string>& words = session.arguments.words();
  const std::vector<std::string> points = session.arguments.texts("as-of");
  if (words.size() > 1 || points.size() > 1) {
    return Status(ErrorId::kUsage, "--against compares two stores, whole or one resource").remedy("give at most one --as-of");
  }
  FORGE_ASSIGN(const Store other, session.open_other(session.arguments.text("against")));
  FORGE_ASSIGN(const View before, points.empty() ? other.view() : session.view_at(other, points[0]));
  FORGE_ASSIGN(const View after, points.empty() ? store.view() : session.view_at(store, points[0]));
  const std::string resource = words.empty() ? "" : words[0];
  return list_diffs(session, after.seq(), [&](const Visit& visit) { return diff_stores(before, after, resource, visit); });
}

Result<int> run_diff(Session& session) {
  const std::vector<std::string>& words = session.arguments.words();
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  if (session.arguments.given("against")) return diff_against(session, store);
  if (words.size() >= 2) FORGE_TRY(resource_named(*store.domain(), words[0]).status());
  FORGE_ASSIGN(const Sides sides, words.size() == 3 ? sides_by_version(store, words) : sides_by_point(session, store));
  FORGE_ASSIGN(const View before, store.as_of(sides.before));
  FORGE_ASSIGN(const View after, store.as_of(sides.after));
  return words.size() >= 2 ? diff_record(session, before, after) : diff_store(session, before, after);
}

}  // namespace

const Command& diff_command() {
  Flag as_of = as_of_flag();
  as_of.repeated = true;
  as_of.summary = "the first and the second point; the second is now where only one is given (help time)";
  static const Command kCommand{
      .name = "diff",
      .summary = "what differs between two versions of a record, or two points of the store",
      .arguments = {{.name = "RESOURCE", .summary = "only this resource", .required = false, .offer = Offer::kResource},
                    {.name = "KEY", .summary = "only this record", .required = false, .offer = Offer::kKey},
                    {.name = "V1..V2", .summary = "two versions of the record; 0 is before the first", .required = false}},
      .flags = {as_of,
                {.name = "against",
                 .type = FlagType::kText,
                 .value = "PATH",
                 .summary = "another store to compare with, such as the origin of a fork: what differs here",
                 .offer = Offer::kFile},
                limit_flag(),
                page_flag()},
      .examples = {{"forgectl diff Order o-1 1..2", ""},
                   {"forgectl diff Order o-1 --as-of -1d", "since yesterday"},
                   {"forgectl diff --as-of -1d --as-of now Order", "all orders"},
                   {"forgectl diff --store ../what-if --against .", "a fork and its origin"}},
      .notes =
          "With --against a record is changed, only here or only there: two stores do not tell which of them came first.\n"
          "Exit status as of diff(1): 0 the same, 1 different, 2 and more trouble.",
      .uses_pager = true,
      .run = run_diff,
  };
  return kCommand;
}

}  // namespace forge::cli
