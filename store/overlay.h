#pragma once

// What has been decided but is not yet on disk: rows that hide those of the database. Absent from the overlay means unknown; an
// entry without a value means that the row is gone. Used by the decider alone.
//
// Entries live in memory of the group that wrote them, which is used again once the group has been forgotten.

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "forge/projections/table_keys.h"

namespace forge::internal {

class Overlay {
 public:
  struct Entry {
    Table table = Table::kCurrent;
    std::string_view key;
    std::optional<std::string_view> value;  // nothing: the row is gone
    const Entry* hidden = nullptr;          // what stood here before; followed only to roll back
  };

  // Null: unknown, ask the database. Lives until its group is forgotten.
  const Entry* find(Table table, std::string_view key) const;
  // What is known of each key that begins so, in no order. Takes time linear in all that is in flight.
  template <typename Visit>
  void each(Table table, std::string_view prefix, const Visit& visit) const {
    for (const Entry* entry : newest_) {
      if (entry->table == table && entry->key.starts_with(prefix)) visit(*entry);
    }
  }
  // Groups count upwards.
  void put(Table table, std::string_view key, std::optional<std::string_view> value, std::uint64_t group);

  // Marks the beginning of a transaction; roll_back() takes back every change since.
  void begin() { undoable_ = 0; }
  void roll_back();
  // Forgets what `group` and those before it wrote last: it is in the database now.
  void forget(std::uint64_t group);
  void clear();

 private:
  // Memory that is given back all at once.
  class Arena {
   public:
    char* allocate(std::size_t bytes);
    void reset();

   private:
    struct Block {
      std::unique_ptr<char[]> memory;
      std::size_t bytes = 0;
    };
    std::vector<Block> blocks_;
    std::size_t block_ = 0;  // the one in use
    std::size_t used_ = 0;   // of it
  };
  struct GroupRows {
    std::uint64_t group = 0;
    std::vector<const Entry*> entries;  // in order
    std::unique_ptr<Arena> arena;
  };

  struct Place {
    Table table;
    std::string_view key;
  };
  struct PlaceHash {
    using is_transparent = void;
    std::size_t operator()(const Place& place) const;
    std::size_t operator()(const Entry* entry) const { return (*this)(Place{entry->table, entry->key}); }
  };
  struct PlaceEqual {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const { return a->table == b->table && a->key == b->key; }
    bool operator()(const Place& a, const Entry* b) const { return a.table == b->table && a.key == b->key; }
    bool operator()(const Entry* a, const Place& b) const { return (*this)(b, a); }
  };

  GroupRows& rows_of(std::uint64_t group);
  void replace(const Entry* old, const Entry* by);

  boost::unordered_flat_set<const Entry*, PlaceHash, PlaceEqual> newest_;
  std::deque<GroupRows> groups_;   // ascending, none empty but perhaps the last
  std::vector<GroupRows> unused_;  // of forgotten groups, to be filled again
  std::size_t undoable_ = 0;       // entries of the last group that the transaction made
};

}  // namespace forge::internal
