#include "log_scan.h"

#include "forge/events/key.h"

namespace forge::internal {

Status altered_event(Seq seq, const LeafMark& recorded, const Hash& computed) {
  return Status(ErrorId::kEventAltered, "event " + std::to_string(seq) + " was altered: leaf recorded " + short_hex(recorded) +
                                            ", computed " + short_hex(computed));
}

LogScan::LogScan(const Database& database, Seq first, Seq last)
    : database_(database),
      snapshot_(&database.db()),
      log_(database.iterate(Table::kLog, true, snapshot_.snapshot())),
      last_(last),
      next_(first),
      tiles_(last / kTileLeaves) {
  log_->Seek(log_key(first));
}

Result<bool> LogScan::next(LogRow& out) {
  if (next_ > last_) return false;
  if (std::exchange(has_row_, true)) log_->Next();
  FORGE_TRY(Database::check(*log_, "reading the log"));
  if (!log_->Valid() || log_->key().size() != 8 || read_u64(log_->key().data()) != next_) {
    return Status(ErrorId::kDataTruncated, "event " + std::to_string(next_) + " is missing from the log");
  }
  out.seq = next_;
  out.row = view_of(log_->value());
  out.leaf = hasher_.leaf({reinterpret_cast<const std::uint8_t*>(out.row.data()), out.row.size()});
  FORGE_TRY(compare(out));
  ++next_;
  return true;
}

Status LogScan::compare(const LogRow& row) {
  const std::uint64_t index = (row.seq - 1) / kTileLeaves;
  if (index >= tiles_) return {};
  if (tile_index_ != index) {
    FORGE_ASSIGN(tile_, read_tile(database_, index));
    tile_index_ = index;
  }
  const LeafMark& recorded = tile_.marks[(row.seq - 1) % kTileLeaves];
  return recorded == mark_of(row.leaf) ? Status() : altered_event(row.seq, recorded, row.leaf);
}

}  // namespace forge::internal
