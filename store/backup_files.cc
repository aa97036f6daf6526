#include "backup_files.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "backup_segment.h"
#include "database.h"
#include "forge/events/json.h"
#include "forge/events/key.h"

namespace forge::internal {
namespace {

constexpr std::size_t kManifestBytesMax = std::size_t{256} << 20;

std::string padded(Seq seq) {
  std::string digits = std::to_string(seq);
  return std::string(digits.size() < 12 ? 12 - digits.size() : 0, '0') + digits;
}

// Reads the members of one object of the manifest; sound() is false once one was missing or malformed.
class Members {
 public:
  explicit Members(const Value& value) : object_(value.if_object()), sound_(object_ != nullptr) {}

  std::uint64_t number(std::string_view name) {
    const Value* value = find(name);
    const std::int64_t* number = value == nullptr ? nullptr : value->if_int();
    std::uint64_t out = 0;
    if (number != nullptr && *number >= 0) return static_cast<std::uint64_t>(*number);
    // Integers beyond 2^53 stand as text.
    const std::string* text = value == nullptr ? nullptr : value->if_text();
    if (text == nullptr || std::from_chars(text->data(), text->data() + text->size(), out).ec != std::errc()) sound_ = false;
    return out;
  }
  std::string text(std::string_view name) {
    const Value* value = find(name);
    if (value != nullptr && value->if_text() != nullptr) return *value->if_text();
    sound_ = false;
    return {};
  }
  Hash hash(std::string_view name) { return kept(parse_hash(text(name))); }
  Uuid id(std::string_view name) { return kept(Uuid::parse(text(name))); }
  Time time(std::string_view name) {
    const Result<Time> out = parse_time(text(name));
    return kept(out.ok() ? std::optional<Time>(*out) : std::nullopt);
  }
  const List& list(std::string_view name) {
    static const List kNone;
    const Value* value = find(name);
    if (value != nullptr && value->if_list() != nullptr) return *value->if_list();
    sound_ = false;
    return kNone;
  }
  bool sound() const { return sound_; }

 private:
  const Value* find(std::string_view name) const { return object_ == nullptr ? nullptr : object_->find(name); }
  template <typename T>
  T kept(const std::optional<T>& value) {
    if (!value) sound_ = false;
    return value.value_or(T{});
  }

  const Object* object_;
  bool sound_;
};

Object segment_object(const Segment& segment) {
  return Object{{"first", segment.first}, {"last", segment.last},     {"last_at", format_time(segment.last_at)},
                {"bytes", segment.bytes}, {"sha256", segment.sha256}, {"root", to_hex(segment.root)}};
}

Object point_object(const BackupPoint& point) {
  return Object{{"number", point.number},
                {"taken_at", format_time(point.taken_at)},
                {"events", point.root.size},
                {"root", to_hex(point.root.hash)}};
}

// The manifest without its own checksum, which is over the text of this.
Object body_of(const Manifest& manifest) {
  List segments, backups;
  for (const Segment& segment : manifest.segments) segments.emplace_back(segment_object(segment));
  for (const BackupPoint& point : manifest.backups) backups.emplace_back(point_object(point));
  return Object{{"forge_backup", kBackupFormat},
                {"store", manifest.store.to_string()},
                {"segments", std::move(segments)},
                {"backups", std::move(backups)}};
}

std::string manifest_text(const Manifest& manifest) {
  Object body = body_of(manifest);
  std::string checksum = sha256_hex(to_json(body));
  body.add("sha256", std::move(checksum));
  return to_json(body) + "\n";
}

bool read_segments(const List& list, Manifest& out) {
  for (const Value& value : list) {
    Members members(value);
    Segment segment{.first = members.number("first"),
                    .last = members.number("last"),
                    .last_at = members.time("last_at"),
                    .bytes = members.number("bytes"),
                    .sha256 = members.text("sha256"),
                    .root = members.hash("root")};
    if (!members.sound() || segment.first != out.last() + 1 || segment.last < segment.first) return false;
    if (segment.bytes > kSegmentFileBytesMax) return false;
    out.segments.push_back(std::move(segment));
  }
  return true;
}

bool read_points(const List& list, Manifest& out) {
  for (const Value& value : list) {
    Members members(value);
    BackupPoint point{.number = members.number("number"), .taken_at = members.time("taken_at"), .root = {}};
    point.root.size = members.number("events");
    point.root.hash = members.hash("root");
    if (!members.sound() || point.number != out.backups.size() + 1) return false;
    out.backups.push_back(point);
  }
  return !out.backups.empty() && out.backups.back().root.size == out.last() && out.backups.back().root.hash == out.root();
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  return to_hex(Hasher().sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
}

Hash Manifest::root() const {
  if (!segments.empty()) return segments.back().root;
  Hasher hasher;
  return MerkleFrontier().root(hasher);
}

std::string Segment::name() const {
  return "events-" + padded(first) + "-" + padded(last) + ".fgs";
}

// --- the directory -------------------------------------------------------------------------------------------------------------

BackupFiles::BackupFiles(std::shared_ptr<rocksdb::FileSystem> file_system, const std::string& directory)
    : files_(std::move(file_system), StorePaths{directory}) {}

Status BackupFiles::corrupt(const std::string& name, const std::string& why) const {
  return Status(ErrorId::kBackupCorrupt, "the backup in " + directory() + " is damaged")
      .why(why)
      .place(directory() + "/" + name)
      .state("nothing was written");
}

Result<std::optional<Manifest>> BackupFiles::read_manifest() const {
  if (!files_.exists(manifest_path())) return std::optional<Manifest>();
  FORGE_ASSIGN(const std::uint64_t size, files_.size_of(manifest_path()));
  if (size > kManifestBytesMax) return corrupt("manifest.json", "the file has " + std::to_string(size) + " bytes");
  FORGE_ASSIGN(const std::string text, files_.read(manifest_path()));
  FORGE_ASSIGN(Manifest manifest, parse_manifest(text));
  return std::optional<Manifest>(std::move(manifest));
}

Result<Manifest> BackupFiles::parse_manifest(const std::string& text) const {
  const std::string name = "manifest.json";
  const JsonLimits limits{.bytes = kManifestBytesMax, .nodes = std::size_t{1} << 26};
  const Result<Value> value = parse_json(text, manifest_path(), limits);
  if (!value.ok()) return corrupt(name, value.status().text().what);
  Members members(*value);
  const std::uint64_t format = members.number("forge_backup");
  if (!members.sound()) return corrupt(name, "it is no manifest of a backup");
  if (format > static_cast<std::uint64_t>(kBackupFormat)) {
    return Status(ErrorId::kBackupTooNew, "the backup in " + directory() + " has format " + std::to_string(format))
        .why("this Forge reads formats up to " + std::to_string(kBackupFormat))
        .place(manifest_path())
        .state("nothing was written");
  }
  Manifest out;
  out.store = members.id("store");
  if (!read_segments(members.list("segments"), out) || !read_points(members.list("backups"), out) || !members.sound())
    return corrupt(name, "its members are not those of a manifest");
  // Byte for byte what would be written: nothing in it is outside the checksum.
  if (text != manifest_text(out)) return corrupt(name, "its checksum does not fit");
  return out;
}

Result<std::string> BackupFiles::write_manifest(const Manifest& manifest) {
  const std::string text = manifest_text(manifest);
  FORGE_TRY(files_.replace(manifest_path(), text));
  return sha256_hex(text);
}

Result<std::string> BackupFiles::manifest_sha256() const {
  FORGE_ASSIGN(const std::string text, files_.read(manifest_path()));
  return sha256_hex(text);
}

Status BackupFiles::check_size(const Segment& segment) const {
  const std::string path = directory() + "/" + segment.name();
  if (!files_.exists(path)) return corrupt(segment.name(), "the file is missing");
  FORGE_ASSIGN(const std::uint64_t size, files_.size_of(path));
  if (size == segment.bytes) return {};
  return corrupt(segment.name(),
                 "the file has " + std::to_string(size) + " bytes, it was written with " + std::to_string(segment.bytes));
}

Status BackupFiles::check_sizes(const Manifest& manifest) const {
  for (const Segment& segment : manifest.segments) FORGE_TRY(check_size(segment));
  return {};
}

Result<std::string> BackupFiles::read_segment(const Segment& segment) const {
  FORGE_TRY(check_size(segment));
  FORGE_ASSIGN(std::string bytes, files_.read(directory() + "/" + segment.name()));
  if (sha256_hex(bytes) != segment.sha256) return corrupt(segment.name(), "its checksum does not fit");
  return bytes;
}

Result<std::vector<std::string>> BackupFiles::leftovers(const std::optional<Manifest>& manifest) const {
  std::set<std::string> needed{".", "..", "LOCK", "manifest.json"};
  for (const Segment& segment : manifest ? manifest->segments : std::vector<Segment>()) needed.insert(segment.name());
  std::vector<std::string> children, out;
  FORGE_TRY(to_status(files_.file_system().GetChildren(directory(), kIo, &children, nullptr), "listing " + directory()));
  std::sort(children.begin(), children.end());
  for (const std::string& child : children) {
    if (needed.contains(child)) continue;
    const bool is_ours =
        child == "manifest.json.new" || (child.starts_with("events-") && (child.ends_with(".fgs") || child.ends_with(".fgs.new")));
    if (!is_ours) {
      return Status(ErrorId::kTargetNotEmpty, directory() + " holds other things than backups")
          .why("'" + child + "' is none of a backup's files")
          .state("nothing was written");
    }
    out.push_back(child);
  }
  return out;
}

Status BackupFiles::remove(const std::string& name) {
  return to_status(files_.file_system().DeleteFile(directory() + "/" + name, kIo, nullptr), "removing " + name);
}

}  // namespace forge::internal
