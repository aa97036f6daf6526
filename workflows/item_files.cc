#include "item_files.h"

#include <utility>

#include "forge/store/enclosure.h"

namespace forge::internal {

Result<std::vector<FileItem>> MapFiles::read(const fb::MapStepT& map, const std::string& path, const Value& position,
                                             std::size_t rows_max) {
  if (items_ == nullptr || position.is_null() || position != at_) {
    FORGE_ASSIGN(items_, ItemFile::open(path, map.columns));
    if (!position.is_null()) {
      const std::optional<ItemPosition> known = ItemPosition::from_value(position);
      if (!known) return Status(ErrorId::kDataCorrupt, "the position in '" + path + "' is none");
      FORGE_TRY(items_->go_to(*known));
    }
  }
  at_ = nullptr;
  FORGE_ASSIGN(std::vector<FileItem> rows, items_->read(rows_max));
  at_ = items_->position().to_value();
  return rows;
}

Result<AppendedFile*> MapFiles::quarantine(const std::string& path, const Value& bytes) {
  if (!quarantine_) {
    FORGE_TRY(check_outside(path));
    FORGE_ASSIGN(quarantine_, AppendedFile::open(path));
  }
  if (bytes.if_int() == nullptr) return &*quarantine_;
  const auto known = static_cast<std::uint64_t>(*bytes.if_int());
  if (quarantine_->bytes() < known) {
    return Status(ErrorId::kOutputFailed, "'" + path + "' is not the file that the bad items went to")
        .why("it has " + std::to_string(quarantine_->bytes()) + " bytes, and " + std::to_string(known) + " were written");
  }
  FORGE_TRY(quarantine_->cut(known));
  return &*quarantine_;
}

std::shared_ptr<MapFiles> ItemFiles::of(const HopId& map) {
  std::shared_ptr<MapFiles>& files = files_[map];
  if (files == nullptr) files = std::make_shared<MapFiles>();
  return files;
}

std::vector<MapItem> good_items(std::vector<FileItem> rows) {
  std::vector<MapItem> items;
  items.reserve(rows.size());
  for (FileItem& row : rows) {
    if (row.error.ok()) items.push_back({std::move(row.value), {row.place.row, row.place.offset}});
  }
  return items;
}

}  // namespace forge::internal
