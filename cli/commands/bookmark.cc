#include "commands.h"
#include "listing.h"
#include "text.h"

namespace forge::cli {
namespace {

// Whether the event that it names could be read.
bool is_readable(const Bookmark& bookmark) {
  return bookmark.seq == 0 || bookmark.recorded_at != Time{};
}

Object bookmark_object(const Bookmark& bookmark) {
  const Value at = is_readable(bookmark) ? Value(format_time(bookmark.recorded_at)) : Value();
  return Object{{"name", bookmark.name}, {"seq", bookmark.seq}, {"recorded_at", at}};
}

Result<int> run_bookmark_add(Session& session) {
  FORGE_ASSIGN(const Point point, parse_point(session.arguments.text("as-of")));
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_ASSIGN(const Bookmark bookmark, store.add_bookmark(session.arguments.words()[0], point, session.act_options()));
  const char* note = session.dry_run() ? "   (dry run: nothing was written)" : "";
  FORGE_TRY(session.out.text(bookmark.name + "  event " + std::to_string(bookmark.seq) + note + "\n"));
  FORGE_TRY(session.out.object(bookmark_object(bookmark), "name"));
  return 0;
}

Result<int> run_bookmark_list(Session& session) {
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  FORGE_ASSIGN(const std::vector<Bookmark> bookmarks, store.bookmarks());
  Listing listing(session, {.headings = {"name", "event", "when"}, .columns = {"name", "seq", "recorded_at"}, .name = "name"});
  for (const Bookmark& row : bookmarks) {
    if (listing.full()) break;
    if (session.out.is_table()) {
      FORGE_TRY(listing.row({row.name, std::to_string(row.seq), is_readable(row) ? time_text(row.recorded_at) : "?"}, row.name));
    } else {
      FORGE_TRY(listing.row(bookmark_object(row), row.name));
    }
  }
  FORGE_TRY(listing.end(listing.limit() > 0 && bookmarks.size() > listing.limit(), store.head(), bookmarks.size()));
  return 0;
}

Result<int> run_remove(Session& session) {
  const std::string& name = session.arguments.words()[0];
  FORGE_ASSIGN(Store store, session.open_for_writing());
  FORGE_TRY(store.remove_bookmark(name, session.act_options()));
  const char* note = session.dry_run() ? "   (dry run: nothing was written)" : "";
  FORGE_TRY(session.out.text(name + "  removed" + note + "\n"));
  FORGE_TRY(session.out.object(Object{{"name", name}, {"removed", !session.dry_run()}}, "name"));
  return 0;
}

Flag bookmark_reason_flag() {
  return {.name = "reason", .type = FlagType::kText, .value = "TEXT", .summary = "why; recorded with the event"};
}

}  // namespace

const Command& bookmark_command() {
  static const Command kCommand{
      .name = "bookmark",
      .summary = "names for points of the log",
      .examples = {{"forgectl bookmark add before-migration", ""}, {"forgectl list Order --as-of bookmark:before-migration", ""}},
  };
  return kCommand;
}

const Command& bookmark_add_command() {
  Flag as_of = as_of_flag();
  as_of.summary = "the point it names (help time)";
  as_of.default_value = "now";
  static const Command kCommand{
      .name = "bookmark add",
      .summary = "name a point of the log; an event like any other",
      .arguments = {{.name = "NAME", .summary = "letters, digits and _ . : -"}},
      .flags = {as_of, bookmark_reason_flag()},
      .examples = {{"forgectl bookmark add before-migration", ""}, {"forgectl bookmark add noon --as-of 2026-11-23T12:00:00Z", ""}},
      .writes = true,
      .run = run_bookmark_add,
  };
  return kCommand;
}

const Command& bookmark_list_command() {
  static const Command kCommand{
      .name = "bookmark list",
      .summary = "every bookmark",
      .flags = {limit_flag(), page_flag()},
      .examples = {{"forgectl bookmark list", ""}},
      .run = run_bookmark_list,
  };
  return kCommand;
}

const Command& bookmark_remove_command() {
  static const Command kCommand{
      .name = "bookmark remove",
      .summary = "take a bookmark away; the log keeps that it was there",
      .arguments = {{.name = "NAME", .summary = "the bookmark", .offer = Offer::kBookmark}},
      .flags = {bookmark_reason_flag()},
      .examples = {{"forgectl bookmark remove before-migration", ""}},
      .writes = true,
      .run = run_remove,
  };
  return kCommand;
}

}  // namespace forge::cli
