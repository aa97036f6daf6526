#pragma once

// Checks the log against its tree, event by event in seq order: every leaf against the one its tile holds, every tile's root and
// the right edge beside it, and the order of events in their transactions. Nothing stops at damage: what is recorded beside a
// damaged part carries on in its place. Not safe for concurrent use.

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
  // The log's events are 1 to `head`; leaves are recomputed from `from` on, and where no sound tile holds them.
  TreeCheck(const Database& database, const Catalog& catalog, Seq head, Seq from, VerifyCheck& check);

  // Asks for the root of the tree over the first `size` events; before the first event is given.
  void want(Seq size);
  // The next event: its row and what it decodes to.
  void event(Seq seq, std::string_view row, const Result<Envelope>& envelope);
  // The next event is not there; `why` says more, or is ok.
  void missing(Seq seq, const Status& why);
  // After the last event.
  void finish();
  // Nothing where it was not asked for, or where damage keeps it from being known.
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
  std::vector<Hash> settle_leaves();
  void report_slots(bool compare_leaves);
  void check_edge();
  void append(const Hash& leaf);
  std::string problem_of(const Envelope& envelope) const;
  std::string intact_before(Seq seq);
  Hash root_of(const std::vector<Hash>& leaves);

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
  TransactionOrder order_;
  bool known_ = true;  // every leaf so far is
  bool edge_reported_ = false;
  bool event_reported_ = false;
};

}  // namespace forge::internal
