#pragma once

// The domain that everything here writes, and its actions: 256 bytes of arguments each.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "forge/store/store.h"
#include "forge/store/stream.h"

namespace forge::bench {

// A well spread permutation of 64-bit numbers.
std::uint64_t scramble(std::uint64_t number);
// Random text over 64 letters; borrowed for ever. Equal arguments give equal text.
std::string_view random_text(std::uint64_t number, std::size_t size);
// 16 bytes in no order.
std::string key_of(std::uint64_t number);

// A store in `path` with the domain of the workload.
Store open_store(const std::filesystem::path& path, OpenOptions options = {});

// Makes item `number`: a key, a unique code of 16 bytes, a checked number, a text; 256 bytes in all.
Args item_arguments(std::uint64_t number);
std::vector<ActionRequest> make_item(std::uint64_t number);

// Writes a note: four texts of 64 bytes. With `changed` 0 to 3 only that one differs from the note's last writing, else all do.
inline constexpr int kAllTexts = -1;
struct Note {
  std::uint64_t number = 0;
  std::uint64_t texts[4] = {};

  std::string key() const { return key_of(number); }
};
std::vector<ActionRequest> write_note(Note& note, int changed);

// Aborts with the message of an error.
void must(const Status& status);

// Writes `count` transactions, given by number, as fast as the store takes them; returns the last seq.
Seq load(Store& store, std::uint64_t count, const std::function<std::vector<ActionRequest>(std::uint64_t)>& actions);

// Calls `act` from `callers` threads for some seconds; calls a second.
double call_rate(int callers, double seconds, const std::function<void()>& act);

// Reads the whole log with one thread, each event verified and resolved; events a second.
double read_log(const Store& store);

}  // namespace forge::bench
