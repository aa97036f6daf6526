// The identity file FORGE is text: four or five lines and the CRC-32C of what stands above it. The line `origin` is that of a store
// made from another: that one's id and the last event taken from it.
//
//   forge store
//   format 1
//   id 0192f0c1-2a3b-7c4d-8e5f-0123456789ab
//   created 2026-11-23T04:00:01.100000Z
//   origin 0192e5aa-90c3-7d10-a2b4-56789abcdef0 1042
//   crc32c 1a2b3c4d

#include "store_files.h"

#include <array>
#include <charconv>
#include <filesystem>

#include "data_files.h"
#include "database.h"

namespace forge::internal {
namespace {

constexpr std::array<std::array<std::uint32_t, 256>, 8> make_crc_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    tables[0][i] = crc;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i) tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xff];
  }
  return tables;
}

constexpr auto kCrcTables = make_crc_tables();

std::string hex8(std::uint32_t value) {
  char text[9];
  std::snprintf(text, sizeof(text), "%08x", value);
  return text;
}

std::string identity_text(const Identity& identity) {
  std::string text = "forge store\nformat " + std::to_string(identity.format) + "\nid " + identity.id.to_string() + "\ncreated " +
                     format_time(identity.created) + "\n";
  if (identity.origin) text += "origin " + identity.origin->store + " " + std::to_string(identity.origin->seq) + "\n";
  return text + "crc32c " + hex8(crc32c(text)) + "\n";
}

// "ID SEQ"; nothing for other text.
std::optional<Origin> parse_origin(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || !Uuid::parse(text.substr(0, space))) return std::nullopt;
  Origin origin{.store = std::string(text.substr(0, space))};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + space + 1, end, origin.seq);
  return error == std::errc() && stop == end ? std::optional<Origin>(std::move(origin)) : std::nullopt;
}

// The rest of the line that begins with `name` and a space.
std::string_view line_value(std::string_view text, std::string_view name) {
  const std::string start = "\n" + std::string(name) + " ";
  const std::size_t at = text.find(start);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + start.size());
  return rest.substr(0, rest.find('\n'));
}

}  // namespace

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status unfinished_creation(const StorePaths& paths) {
  const std::filesystem::path root = paths.root;
  const std::string beside = root.has_parent_path() ? root.parent_path().string() : ".";
  return Status(ErrorId::kStoreNotFound, "the store in " + paths.root + " is not made yet")
      .why("its creation was interrupted; it holds nothing")
      .state("nothing was changed")
      .remedy(root.filename() == ".forge" ? "finish it: forgectl init " + beside
                                          : "open it again in the program that began it: creation starts again");
}

// Eight bytes a step ("slicing by 8"; Kounavis and Berry, 2005).
std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kCrcTables[7 - i][(word >> (8 * i)) & 0xff];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kCrcTables[0][(crc ^ static_cast<std::uint8_t>(*at)) & 0xff];
  return ~crc;
}

StoreFiles::StoreFiles(std::shared_ptr<rocksdb::FileSystem> file_system, StorePaths paths)
    : file_system_(std::move(file_system)), paths_(std::move(paths)) {}

StorePaths StoreFiles::locate(rocksdb::FileSystem& file_system, const std::string& path) {
  StorePaths direct{path}, inside{path + "/.forge"};
  if (file_system.FileExists(direct.identity(), kIo, nullptr).ok()) return direct;
  if (file_system.FileExists(inside.root, kIo, nullptr).ok()) return inside;
  return direct;
}

bool StoreFiles::exists(const std::string& path) const {
  return file_system_->FileExists(path, kIo, nullptr).ok();
}

Result<StoreFiles::Found> StoreFiles::look() const {
  if (!exists(paths_.root)) return Found::kNothing;
  bool is_directory = false;
  const rocksdb::IOStatus asked = file_system_->IsDirectory(paths_.root, kIo, &is_directory, nullptr);
  // A file system in memory cannot tell.
  if (!asked.ok() && !asked.IsNotSupported()) return to_status(asked, "looking into " + paths_.root);
  if (asked.ok() && !is_directory) {
    return Status(ErrorId::kDirectoryUnusable, paths_.root + " is not a directory").remedy("name the store's directory");
  }
  if (exists(paths_.identity())) return Found::kStore;
  if (exists(paths_.identity_draft())) return Found::kUnfinished;
  if (exists(paths_.data()) || exists(paths_.watermark())) return Found::kRemains;
  std::vector<std::string> children;
  FORGE_TRY(to_status(file_system_->GetChildren(paths_.root, kIo, &children, nullptr), "listing " + paths_.root));
  for (const std::string& child : children) {
    if (child != "." && child != ".." && child != "LOCK") return Found::kForeign;
  }
  return Found::kNothing;
}

Status StoreFiles::make_directory(const std::string& path) {
  const rocksdb::IOStatus status = file_system_->CreateDirIfMissing(path, kIo, nullptr);
  if (status.ok()) return {};
  return Status(ErrorId::kDirectoryUnusable, "cannot make the directory " + path).why(to_status(status, "").text().why);
}

Status StoreFiles::make_root() {
  const bool existed = exists(paths_.root);
  FORGE_TRY(make_directory(paths_.root));
  // Its name must last, too; a directory that somebody else made may stand in one that we may not read.
  const Status named = sync_directory(parent_of(paths_.root));
  return existed ? Status() : named;
}

Status StoreFiles::begin_creation(const Identity& identity) {
  FORGE_TRY(make_root());
  FORGE_TRY(write_synced(paths_.identity_draft(), identity_text(identity)));
  FORGE_TRY(sync_directory(paths_.root));
  return make_directory(paths_.data());
}

Status StoreFiles::finish_creation() {
  FORGE_TRY(to_status(file_system_->RenameFile(paths_.identity_draft(), paths_.identity(), kIo, nullptr), "naming the new store"));
  return sync_directory(paths_.root);
}

Status StoreFiles::discard_creation() {
  FORGE_TRY(remove_tree(paths_.data()));
  FORGE_TRY(remove_tree(paths_.loading()));
  for (const std::string& file : {paths_.watermark(), paths_.watermark() + ".new"}) {
    if (exists(file)) FORGE_TRY(to_status(file_system_->DeleteFile(file, kIo, nullptr), "removing an unfinished store"));
  }
  return to_status(file_system_->DeleteFile(paths_.identity_draft(), kIo, nullptr), "removing an unfinished store");
}

Result<Identity> StoreFiles::read_identity() const {
  return read_identity(paths_.identity());
}

Result<Identity> StoreFiles::read_draft() const {
  return read_identity(paths_.identity_draft());
}

Result<Identity> StoreFiles::read_identity(const std::string& path) const {
  FORGE_ASSIGN(const std::string text, read(path));
  const auto damaged = [&](const char* why) {
    return Status(ErrorId::kDataCorrupt, "the store's identity file is damaged").why(why).place(path).remedy(kRepairRemedy);
  };
  if (!text.starts_with("forge store\nformat ")) return damaged("it does not begin as one");
  Identity identity;
  const std::string_view format = line_value(text, "format");
  if (std::from_chars(format.data(), format.data() + format.size(), identity.format).ec != std::errc()) {
    return damaged("the format number cannot be read");
  }
  const std::size_t crc_at = text.rfind("crc32c ");
  if (crc_at == std::string::npos || text.substr(crc_at) != "crc32c " + hex8(crc32c(text.substr(0, crc_at))) + "\n") {
    return damaged("its checksum does not fit");
  }
  if (identity.format > kStoreFormat) {
    return Status(ErrorId::kFormatTooNew, "the store has format " + std::to_string(identity.format))
        .why("this Forge reads formats up to " + std::to_string(kStoreFormat))
        .place(path)
        .state("nothing was changed")
        .remedy("use a newer Forge, one that reads format " + std::to_string(identity.format));
  }
  const std::optional<Uuid> id = Uuid::parse(line_value(text, "id"));
  if (!id) return damaged("the store's id cannot be read");
  identity.id = *id;
  if (const std::string_view origin = line_value(text, "origin"); !origin.empty()) {
    identity.origin = parse_origin(origin);
    if (!identity.origin) return damaged("where the store comes from cannot be read");
  }
  FORGE_ASSIGN(identity.created, parse_time(line_value(text, "created")));
  return identity;
}

Result<bool> StoreFiles::holds_store(const Uuid& id) const {
  const rocksdb::IOStatus found = file_system_->FileExists(paths_.identity(), kIo, nullptr);
  if (found.IsNotFound() || found.IsPathNotFound()) return false;
  FORGE_ASSIGN(const Identity identity, read_identity());
  return identity.id == id;
}

Result<std::string> StoreFiles::read(const std::string& path) const {
  std::string text;
  const rocksdb::IOStatus status = rocksdb::ReadFileToString(file_system_.get(), path, &text);
  FORGE_TRY(to_status(status, "reading " + path));
  return text;
}

Result<std::uint64_t> StoreFiles::size_of(const std::string& path) const {
  std::uint64_t size = 0;
  FORGE_TRY(to_status(file_system_->GetFileSize(path, kIo, &size, nullptr), "looking at " + path));
  return size;
}

Status StoreFiles::write_synced(const std::string& path, std::string_view text) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  const std::string doing = "writing " + path;
  FORGE_TRY(to_status(file_system_->NewWritableFile(path, rocksdb::FileOptions(), &file, nullptr), doing));
  FORGE_TRY(to_status(file->Append(slice_of(text), kIo, nullptr), doing));
  FORGE_TRY(to_status(file->Fsync(kIo, nullptr), doing));
  return to_status(file->Close(kIo, nullptr), doing);
}

Status StoreFiles::replace(const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  Status written = write_synced(draft, text);
  if (written.ok()) written = to_status(file_system_->RenameFile(draft, path, kIo, nullptr), "writing " + path);
  if (!written.ok()) {
    file_system_->DeleteFile(draft, kIo, nullptr).PermitUncheckedError();
    return written;
  }
  return sync_directory(std::filesystem::path(path).parent_path().string());
}

Status StoreFiles::sync_directory(const std::string& path) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  FORGE_TRY(to_status(file_system_->NewDirectory(path, kIo, &directory, nullptr), "syncing " + path));
  return to_status(directory->Fsync(kIo, nullptr), "syncing " + path);
}

Result<bool> StoreFiles::quarantine_data(const std::string& name) {
  const std::string target = paths_.quarantine() + "/" + name;
  FORGE_TRY(to_status(file_system_->CreateDirIfMissing(paths_.quarantine(), kIo, nullptr), "making " + paths_.quarantine()));
  FORGE_TRY(to_status(file_system_->CreateDirIfMissing(target, kIo, nullptr), "making " + target));
  std::vector<std::string> children;
  FORGE_TRY(to_status(file_system_->GetChildren(paths_.data(), kIo, &children, nullptr), "listing " + paths_.data()));
  for (const std::string& child : children) {
    if (child == "." || child == ".." || child == "LOCK") continue;
    const rocksdb::IOStatus linked = file_system_->LinkFile(paths_.data() + "/" + child, target + "/" + child, kIo, nullptr);
    if (linked.IsNotSupported()) return false;
    if (linked.IsPathNotFound()) continue;
    FORGE_TRY(to_status(linked, "keeping a copy of " + child));
  }
  for (const std::string& changed : {target, paths_.quarantine(), paths_.root}) FORGE_TRY(sync_directory(changed));
  return true;
}

void StoreFiles::remove_quarantine() {
  static_cast<void>(remove_tree(paths_.quarantine()).ok());
}

// A link is removed and never followed: what it names is not the store's. It passes for a directory, but is removed as a file.
Status StoreFiles::remove_tree(const std::string& path) {
  bool is_directory = false;
  const bool known = file_system_->IsDirectory(path, kIo, &is_directory, nullptr).ok();
  if (known && file_system_->DeleteFile(path, kIo, nullptr).ok()) return {};
  std::vector<std::string> children;
  if (!exists(path) || !file_system_->GetChildren(path, kIo, &children, nullptr).ok()) return {};
  for (const std::string& child : children) {
    if (child == "." || child == "..") continue;
    const std::string full = path + "/" + child;
    const bool can_tell = file_system_->IsDirectory(full, kIo, &is_directory, nullptr).ok();
    if (can_tell && is_directory) {
      FORGE_TRY(remove_tree(full));
    } else {
      FORGE_TRY(to_status(file_system_->DeleteFile(full, kIo, nullptr), "removing " + full));
    }
  }
  return to_status(file_system_->DeleteDir(path, kIo, nullptr), "removing " + path);
}

}  // namespace forge::internal
