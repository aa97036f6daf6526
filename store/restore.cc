#include <algorithm>

#include "backup.h"
#include "backup_files.h"
#include "backup_segment.h"
#include "copy.h"
#include "log_reader.h"

namespace forge {
namespace internal {
namespace {

Result<Manifest> manifest_of(const BackupFiles& files) {
  FORGE_ASSIGN(std::optional<Manifest> manifest, files.read_manifest());
  if (manifest) return *std::move(manifest);
  return Status(ErrorId::kBackupNotFound, "there is no backup in " + files.directory())
      .why(files.is_there() ? "it has no manifest.json: no backup into it was ever finished" : "there is no such directory")
      .state("nothing was written");
}

Result<SegmentReader> open_segment(const BackupFiles& files, const Manifest& manifest, const Segment& segment) {
  FORGE_ASSIGN(const std::string bytes, files.read_segment(segment));
  return SegmentReader::open(manifest.store, segment, bytes);
}

// Where a restore ends, found in the segments. Nothing is the end only of a backup that holds nothing.
class EndFinder {
 public:
  EndFinder(const BackupFiles& files, const Manifest& manifest, Clock& clock) : files_(files), manifest_(manifest), clock_(clock) {}

  Result<Seq> find(const Point& point) const {
    FORGE_ASSIGN(const Seq end, std::visit(*this, point));
    if (end > 0 || manifest_.last() == 0) return end;
    Time begun;
    FORGE_TRY(each_event(segment_of(1), [&](const Envelope& event) -> Result<bool> {
      begun = event.recorded_at;
      return false;
    }));
    return nothing_there(begun);
  }

  Result<Seq> operator()(Head) const { return manifest_.last(); }
  Result<Seq> operator()(Seq seq) const {
    if (seq > manifest_.last()) return past_end("event " + std::to_string(seq));
    if (seq == 0) return seq;
    FORGE_TRY(each_event(segment_of(seq), [&](const Envelope& event) -> Result<bool> {
      if (event.seq < seq) return true;
      if (event.place + 1 != event.count) return inside_transaction(event);
      return false;
    }));
    return seq;
  }
  // The last event recorded at or before the time. Past the backup's newest event only what the clock has reached.
  Result<Seq> operator()(Time time) const {
    if (time > std::max(clock_.now(), end_time())) return past_end(format_time(time));
    const auto& segments = manifest_.segments;
    const auto found =
        std::find_if(segments.begin(), segments.end(), [&](const Segment& segment) { return segment.last_at > time; });
    if (found == segments.end()) return manifest_.last();
    Seq last = found->first - 1;
    FORGE_TRY(each_event(*found, [&](const Envelope& event) -> Result<bool> {
      if (event.recorded_at > time) return false;
      last = event.seq;
      return true;
    }));
    return last;
  }
  Result<Seq> operator()(const Ago& ago) const { return (*this)(Time{std::max(clock_.now(), end_time()).micros - ago.micros}); }
  Result<Seq> operator()(const BookmarkName&) const { return unknown("a bookmark"); }
  Result<Seq> operator()(const IdempotencyKeyOf&) const { return unknown("an idempotency key"); }

 private:
  Time end_time() const { return manifest_.segments.empty() ? Time{} : manifest_.segments.back().last_at; }
  Status past_end(const std::string& what) const {
    return Status(ErrorId::kTimeInFuture, what + " is past the end of the backup")
        .why("it ends with event " + std::to_string(manifest_.last()) + ", recorded at " + format_time(end_time()))
        .state("nothing was written")
        .remedy("ask for that event or an earlier one");
  }
  static Status unknown(const std::string& what) {
    return Status(ErrorId::kUsage, "a backup cannot be restored as of " + what)
        .why("it is known once the backup is restored")
        .state("nothing was written")
        .remedy("name a seq or a time");
  }
  const Segment& segment_of(Seq seq) const {
    return *std::find_if(manifest_.segments.begin(), manifest_.segments.end(),
                         [&](const Segment& segment) { return segment.last >= seq; });
  }
  Status each_event(const Segment& segment, const std::function<Result<bool>(const Envelope&)>& visit) const {
    FORGE_ASSIGN(SegmentReader reader, open_segment(files_, manifest_, segment));
    AlignedBytes bytes;
    std::string_view row;
    for (Seq seq = segment.first;; ++seq) {
      FORGE_ASSIGN(const bool any, reader.next(row));
      if (!any) return {};
      FORGE_ASSIGN(const Envelope event, decode_event(seq, row, bytes));
      FORGE_ASSIGN(const bool more, visit(event));
      if (!more) return {};
    }
  }

  const BackupFiles& files_;
  const Manifest& manifest_;
  Clock& clock_;
};

Status check_segments(const BackupFiles& files, const Manifest& manifest, Seq end) {
  for (const Segment& segment : manifest.segments) {
    if (segment.first <= end) FORGE_TRY(files.read_segment(segment).status());
  }
  return {};
}

Status unlike_manifest(const Segment& segment, std::string why) {
  return Status(ErrorId::kBackupCorrupt, "the events of the backup are not those that its manifest names")
      .why(std::move(why))
      .place(segment.name())
      .state("the target is as it was");
}

// The segment's events up to `end`; the root is compared behind the last one.
Status feed_segment(SegmentReader reader, const Segment& segment, Seq end, const CopyOptions& options, StoreBuilder& builder) {
  Hasher hasher;
  for (LogRow row{.seq = segment.first, .row = {}, .leaf = {}}; row.seq <= std::min(segment.last, end); ++row.seq) {
    FORGE_ASSIGN(const bool any, reader.next(row.row));
    if (!any) return unlike_manifest(segment, "it ends before event " + std::to_string(row.seq));
    row.leaf = hasher.leaf({reinterpret_cast<const std::uint8_t*>(row.row.data()), row.row.size()});
    FORGE_TRY(builder.add(row));
    FORGE_TRY(tell_progress(options, row.seq, end));
  }
  if (builder.size() != segment.last) return {};
  if (const Hash root = builder.root(); root != segment.root) {
    return unlike_manifest(segment, "events 1 to " + std::to_string(segment.last) + " have root " + to_hex(root) +
                                        ", the manifest says " + to_hex(segment.root));
  }
  std::string_view more;
  FORGE_ASSIGN(const bool any, reader.next(more));
  return any ? unlike_manifest(segment, "it goes on behind event " + std::to_string(segment.last)) : Status();
}

Status feed(const BackupFiles& files, const Manifest& manifest, Seq end, const CopyOptions& options, StoreBuilder& builder) {
  for (const Segment& segment : manifest.segments) {
    if (segment.first > end) return {};
    FORGE_ASSIGN(SegmentReader reader, open_segment(files, manifest, segment));
    FORGE_TRY(feed_segment(std::move(reader), segment, end, options, builder));
  }
  return {};
}

Result<Copy> copy_backup(const std::string& directory, const std::string& target, const CopyOptions& options,
                         std::shared_ptr<rocksdb::FileSystem> file_system, std::shared_ptr<rocksdb::Env> env) {
  const BackupFiles files(std::move(file_system), directory);
  FORGE_ASSIGN(const Manifest manifest, manifest_of(files));
  BuildTarget build = build_target(target, options, std::move(env));
  FORGE_ASSIGN(const Seq end, EndFinder(files, manifest, *build.clock).find(options.as_of));
  FORGE_TRY(check_segments(files, manifest, end));
  FORGE_ASSIGN(const std::unique_ptr<StoreBuilder> builder,
               StoreBuilder::begin(std::move(build), {manifest.store.to_string(), end}));
  FORGE_TRY(feed(files, manifest, end, options, *builder));
  FORGE_ASSIGN(const BuiltStore built, builder->finish());
  return copy_of(built);
}

}  // namespace

Result<Copy> restore_over(const std::string& directory, const std::string& target, const CopyOptions& options,
                          std::shared_ptr<rocksdb::FileSystem> file_system, std::shared_ptr<rocksdb::Env> env) {
  Result<Copy> copy = copy_backup(directory, target, options, std::move(file_system), std::move(env));
  if (!copy.ok()) return copy_failure(copy.status(), kTargetAsItWas);
  return copy;
}

}  // namespace internal

Result<BackupContents> inspect_backup(const std::string& directory, const CopyOptions& options) {
  const internal::BackupFiles files(rocksdb::FileSystem::Default(), directory);
  FORGE_ASSIGN(internal::Manifest manifest, internal::manifest_of(files));
  FORGE_TRY(internal::check_segments(files, manifest, manifest.last()));
  BackupContents out;
  Clock& clock = options.clock != nullptr ? *options.clock : system_clock();
  FORGE_ASSIGN(out.end, internal::EndFinder(files, manifest, clock).find(options.as_of));
  out.store = manifest.store.to_string();
  out.points = std::move(manifest.backups);
  for (const internal::Segment& segment : manifest.segments) out.bytes += segment.bytes;
  FORGE_ASSIGN(out.manifest_sha256, files.manifest_sha256());
  return out;
}

Result<Copy> restore(const std::string& directory, const std::string& target, const CopyOptions& options) {
  return internal::restore_over(directory, target, options, rocksdb::FileSystem::Default(), nullptr);
}

}  // namespace forge
