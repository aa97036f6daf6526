#pragma once

// Checks the log against its tree, event by event in seq order: every tile's root, its marks and the right edge beside it, and the
// order of events in their transactions. Nothing stops at damage: the recorded root of a damaged tile carries on in its place. Not
// safe for concurrent use.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog.h"
#include "log_tree.h"
#include "transaction_order.h"
#include "verify_parts.h"

namespace forge::internal {

class TreeCheck {
 public:
  // The log's events are 1 to `head`; the leaves of complete tiles that end before `from` are not
  // recomputed, but for a tile inside which a root is asked for.
  TreeCheck(const Database& database, const Catalog& catalog, Seq head, Seq from, VerifyCheck& check);

  // Asks for the root of the tree over the first `size` events; before the first event is given.
  void want(Seq size);
  // The next event: its row and what it decodes to.
  void event(Seq seq, std::string_view row, const Result<Envelope>& envelope);
  // The next event is not there; `why` says more, or is ok.
  void missing(Seq seq, const Status& why);
  // After the last event.
  void finish();
  // Nothing where it was not asked for, where damage keeps it from being known.
  std::optional<Hash> root(Seq size) const;

 private:
  struct Slot {
    Seq seq = 0;
    std::optional<Hash> leaf;  // computed
    bool missing = false;
    std::string problem;
  };

  Slot& next_slot(Seq seq);
  void begin_tile(Seq seq);
  void end_tile();
  void settle_tile();
  // Whether it named something.
  bool report_slots(bool compare_marks);
  void check_edge();
  void append(const Hash& root, std::uint64_t count);
  void append_leaves();
  std::string problem_of(const Envelope& envelope) const;
  std::string intact_before(Seq seq);
  bool has_each_leaf() const;
  bool marks_fit() const;
  Hash root_of_leaves();

  const Database& database_;
  const Catalog& catalog_;
  const Seq head_;
  const Seq from_;
  VerifyCheck& check_;
  Hasher hasher_;
  MerkleFrontier frontier_;
  std::map<Seq, std::optional<Hash>> roots_;
  std::vector<Slot> slots_;   // of the tile at hand
  std::optional<Tile> tile_;  // as recorded; nothing where it is incomplete or damaged
  bool recomputes_ = true;    // the leaves of the tile at hand
  TransactionOrder order_;
  bool known_ = true;  // every leaf so far is
  bool edge_reported_ = false;
  bool event_reported_ = false;
};

}  // namespace forge::internal
