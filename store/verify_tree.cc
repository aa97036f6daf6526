#include "verify_tree.h"

#include <algorithm>
#include <utility>

#include "log_reader.h"
#include "log_scan.h"

namespace forge::internal {
namespace {

void add_part(std::string& text, const std::string& part) {
  if (part.empty()) return;
  if (!text.empty()) text += "; ";
  text += part;
}

Status damaged_tile(std::uint64_t index, std::string why) {
  return Status(ErrorId::kDataCorrupt, "tile " + std::to_string(index) + " of the tree is damaged").why(std::move(why));
}

}  // namespace

TreeCheck::TreeCheck(const Database& database, const Catalog& catalog, Seq head, Seq from, VerifyCheck& check)
    : database_(database), catalog_(catalog), head_(head), from_(from), check_(check) {}

void TreeCheck::want(Seq size) {
  roots_[size] = size == 0 ? std::optional<Hash>(frontier_.root(hasher_)) : std::nullopt;
}

std::optional<Hash> TreeCheck::root(Seq size) const {
  const auto found = roots_.find(size);
  return found == roots_.end() ? std::nullopt : found->second;
}

void TreeCheck::event(Seq seq, std::string_view row, const Result<Envelope>& envelope) {
  Slot& slot = next_slot(seq);
  ++check_.count;
  if (recomputes_) slot.leaf = hasher_.leaf({reinterpret_cast<const std::uint8_t*>(row.data()), row.size()});
  if (!envelope.ok()) {
    slot.problem = envelope.status().text().what;
    add_part(slot.problem, envelope.status().text().why);
    order_.forget();
    return;
  }
  slot.problem = problem_of(*envelope);
  order_.take(*envelope);
}

void TreeCheck::missing(Seq seq, const Status& why) {
  Slot& slot = next_slot(seq);
  slot.missing = true;
  slot.problem = why.text().why;
  order_.forget();
}

void TreeCheck::finish() {
  if (!order_.is_whole()) {
    add_part(slots_.back().problem, "its transaction has " + std::to_string(order_.count()) + " events, the log ends before");
  }
  if (!slots_.empty()) end_tile();
}

TreeCheck::Slot& TreeCheck::next_slot(Seq seq) {
  if (slots_.size() == kTileLeaves) end_tile();
  if (slots_.empty()) begin_tile(seq);
  Slot& slot = slots_.emplace_back();
  slot.seq = seq;
  return slot;
}

void TreeCheck::begin_tile(Seq seq) {
  const std::uint64_t index = (seq - 1) / kTileLeaves;
  tile_.reset();
  recomputes_ = true;
  if (index >= head_ / kTileLeaves) return;
  Result<Tile> tile = read_tile(database_, index);
  if (tile.ok()) {
    tile_ = *std::move(tile);
    const Seq last = (index + 1) * kTileLeaves;
    const auto wanted = roots_.lower_bound(seq);
    recomputes_ = last >= from_ || (wanted != roots_.end() && wanted->first < last);
  } else {
    report(check_, tile.status());
  }
}

void TreeCheck::end_tile() {
  settle_tile();
  if (tile_) check_edge();
  slots_.clear();
}

// Compares the tile with its events, and carries on with what its root speaks for.
void TreeCheck::settle_tile() {
  if (!recomputes_) {
    report_slots(false);
    return append(tile_->root, kTileLeaves);
  }
  const bool has_each = has_each_leaf();
  if (!tile_) {
    report_slots(false);
    known_ = known_ && has_each;
    return append_leaves();
  }
  const std::uint64_t index = (slots_.front().seq - 1) / kTileLeaves;
  if (has_each && root_of_leaves() == tile_->root) {
    report_slots(false);
    if (!marks_fit()) {
      report(check_, damaged_tile(index, "its marks differ from its events, which its root agrees with"));
    }
    return append_leaves();
  }
  if (report_slots(true)) return append(tile_->root, kTileLeaves);
  report(check_, damaged_tile(index, "its root is recorded as " + short_hex(tile_->root) + ", its events give " +
                                         short_hex(root_of_leaves())));
  append_leaves();
}

// Names what is wrong with the events of this tile, in seq order; missing ones in a row as one. Whether some are other bytes than
// those that were written.
bool TreeCheck::report_slots(bool compare_marks) {
  bool found = false;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    const std::string seq = std::to_string(slot.seq);
    std::string why = slot.problem;
    if (slot.missing) {
      std::size_t last = i;
      while (last + 1 < slots_.size() && slots_[last + 1].missing) ++last;
      const std::string which = last == i ? "event " + seq + " is" : "events " + range_text(slot.seq, slots_[last].seq) + " are";
      const ErrorId id = why.empty() ? ErrorId::kDataTruncated : ErrorId::kDataCorrupt;
      const std::string what = why.empty() ? which + " missing from the log" : which + " not readable";
      add_part(why, intact_before(slot.seq));
      report(check_, Status(id, what).why(why));
      i = last;
      found = true;
    } else if (compare_marks && slot.leaf && mark_of(*slot.leaf) != tile_->marks[i]) {
      add_part(why, intact_before(slot.seq));
      report(check_, altered_event(slot.seq, tile_->marks[i], *slot.leaf).why(why));
      found = true;
    } else if (!slot.problem.empty()) {
      add_part(why, intact_before(slot.seq));
      report(check_, Status(ErrorId::kDataCorrupt, "event " + seq + " is not sound").why(why));
    }
  }
  return found;
}

// Said once, of the first bad event.
std::string TreeCheck::intact_before(Seq seq) {
  const bool said = std::exchange(event_reported_, true);
  if (said || seq == 1) return {};
  return seq == 2 ? "event 1 is intact" : "events " + range_text(1, seq - 1) + " are intact";
}

void TreeCheck::check_edge() {
  if (!known_ || edge_reported_ || tile_->frontier == frontier_.hashes()) return;
  edge_reported_ = true;
  report(check_,
         damaged_tile(frontier_.size() / kTileLeaves - 1, "the tree's right edge after event " + std::to_string(frontier_.size()) +
                                                              " is recorded otherwise than the tiles up to it give"));
}

void TreeCheck::append(const Hash& root, std::uint64_t count) {
  frontier_.append_subtree(root, count, hasher_);
  const auto wanted = roots_.find(frontier_.size());
  if (wanted != roots_.end() && known_) wanted->second = frontier_.root(hasher_);
}

void TreeCheck::append_leaves() {
  for (const Slot& slot : slots_) append(slot.leaf.value_or(Hash{}), 1);
}

std::string TreeCheck::problem_of(const Envelope& envelope) const {
  std::string problem = order_.problem(envelope);
  const Result<std::shared_ptr<const Domain>> domain = domain_of(catalog_, envelope);
  const Status resolved = domain.ok() ? resolve_event(envelope, **domain).status() : domain.status();
  if (resolved.ok()) return problem;
  add_part(problem, resolved.text().what);
  add_part(problem, resolved.text().why);
  return problem;
}

bool TreeCheck::has_each_leaf() const {
  return std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.leaf.has_value(); });
}

bool TreeCheck::marks_fit() const {
  return std::equal(slots_.begin(), slots_.end(), tile_->marks.begin(), tile_->marks.end(),
                    [](const Slot& slot, const LeafMark& mark) { return slot.leaf && mark_of(*slot.leaf) == mark; });
}

Hash TreeCheck::root_of_leaves() {
  MerkleFrontier tile;
  for (const Slot& slot : slots_) tile.append(slot.leaf.value_or(Hash{}), hasher_);
  return tile.root(hasher_);
}

}  // namespace forge::internal
