#include "forge/store/backup.h"

#include "commands.h"
#include "copying.h"
#include "listing.h"
#include "text.h"

namespace forge::cli {
namespace {

Object point_object(const BackupPoint& point) {
  return Object{{"number", point.number},
                {"taken_at", format_time(point.taken_at)},
                {"events", point.root.size},
                {"root", Object{{"size", point.root.size}, {"hash", to_hex(point.root.hash)}}}};
}

Status print_report(Session& session, const BackupReport& report) {
  const std::string number = "backup " + std::to_string(report.point.number) + " · " + counted(report.point.root.size, "event");
  const std::string what = report.new_events == 0
                               ? " · nothing new"
                               : " · " + grouped(report.new_events) + " new, " + bytes_text(report.new_bytes) + " · checked";
  FORGE_TRY(session.out.text(number + what + " · " + report.manifest + " sha256 " + report.manifest_sha256 + "\n"));
  Object object = point_object(report.point);
  object.add("new_events", report.new_events);
  object.add("new_bytes", report.new_bytes);
  object.add("manifest", report.manifest);
  object.add("manifest_sha256", report.manifest_sha256);
  object.add("written", report.new_events > 0);
  return session.out.object(object, "manifest");
}

Result<int> dry_backup(Session& session, const Store& store, const std::string& directory) {
  FORGE_ASSIGN(const BackupReport report, backup(store, directory, {.clock = session.streams.clock, .dry_run = true}));
  FORGE_TRY(session.out.text("Would back up " + counted(report.new_events, "new event") + " to " + directory + ", up to event " +
                             std::to_string(report.point.root.size) + "   (dry run: nothing was written)\n"));
  Object object = point_object(report.point);
  object.add("new_events", report.new_events);
  object.add("manifest", report.manifest);
  object.add("written", false);
  FORGE_TRY(session.out.object(object, "manifest"));
  return 0;
}

Result<int> run_backup(Session& session) {
  const std::string& directory = session.arguments.words()[0];
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  if (session.dry_run()) return dry_backup(session, store, directory);
  Progress progress(session.streams, session.progress_form(), "events");
  BackupOptions options;
  options.clock = session.streams.clock;
  options.progress = [&](Seq done, Seq total) {
    progress.show(done, static_cast<double>(done) / static_cast<double>(total));
    return !session.interrupted();
  };
  FORGE_ASSIGN(const BackupReport report, backup(store, directory, options));
  progress.clear();
  FORGE_TRY(print_report(session, report));
  return 0;
}

Result<int> dry_restore(Session& session, const std::string& directory, const std::string& target, const CopyOptions& options) {
  FORGE_TRY(check_copy_target(target));
  FORGE_ASSIGN(const BackupContents contents, inspect_backup(directory, options));
  const BackupPoint& last = contents.points.back();
  FORGE_TRY(session.out.text("The backup in " + directory + " is sound: " + counted(contents.points.size(), "backup") + ", " +
                             counted(last.root.size, "event") + " of the store " + contents.store + "\nWould restore " +
                             counted(contents.end, "event") + " into " + target + "   (dry run: nothing was written)\n"));
  List points;
  for (const BackupPoint& point : contents.points) points.emplace_back(point_object(point));
  FORGE_TRY(session.out.object(Object{{"path", target},
                                      {"store", contents.store},
                                      {"events", contents.end},
                                      {"bytes", contents.bytes},
                                      {"manifest_sha256", contents.manifest_sha256},
                                      {"backups", std::move(points)},
                                      {"written", false}},
                               "path"));
  return 0;
}

Result<int> run_restore(Session& session) {
  FORGE_ASSIGN(const std::string target, copy_target(session));
  const std::string& directory = session.arguments.words()[0];
  const std::int64_t begun = session.streams.clock->now().micros;
  Progress progress(session.streams, session.progress_form(), "events");
  FORGE_ASSIGN(const CopyOptions options, copy_options(session, progress));
  if (session.dry_run()) return dry_restore(session, directory, target, options);
  FORGE_ASSIGN(const Copy copy, restore(directory, target, options));
  progress.clear();
  return report_copy(session, "Restored", target, copy, begun);
}

}  // namespace

const Command& backup_command() {
  static const Command kCommand{
      .name = "backup",
      .summary = "the events since the last backup, into a directory of backups",
      .arguments = {{.name = "DIR", .summary = "new, empty, or with backups of this store", .offer = Offer::kFile}},
      .examples = {{"forgectl backup ../b1", "the first takes everything, those after it what is new"},
                   {"forgectl restore ../b1 --to ../shop2 --dry-run", "check a backup"}},
      .notes =
          "Works beside a running writer. Every event is held against the tree on its way. What was interrupted leaves the\n"
          "backup before it as it was. Keep the sha256 elsewhere: it proves the whole backup.",
      .writes = true,
      .run = run_backup,
  };
  return kCommand;
}

const Command& restore_command() {
  std::vector<Flag> flags = copying_flags();
  Flag as_of = as_of_flag();
  as_of.summary = "a seq or a time: the point it is restored as of";
  as_of.default_value = "now";
  flags.push_back(as_of);
  static const Command kCommand{
      .name = "restore",
      .summary = "a store made from a backup",
      .arguments = {{.name = "BACKUP", .summary = "the directory that backup wrote", .offer = Offer::kFile}},
      .flags = flags,
      .examples = {{"forgectl restore ../b1 --to ../shop2", ""}, {"forgectl restore ../b1 --to ../shop2 --as-of 8 --verify", ""}},
      .notes = "Every file of the backup is checked before the target is touched. Exit status 6 where the backup is damaged.",
      .writes = true,
      .run = run_restore,
  };
  return kCommand;
}

}  // namespace forge::cli
