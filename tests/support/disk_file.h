#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace forge::testing_support {

// What becomes of unsynced changes when the power goes. What was synced survives in every mode.
enum class PowerLoss {
  kDropUnsynced,  // All of them are gone.
  kTorn,          // Of each file the changes survive up to some byte; of the directory changes, those up to some point.
  kReordered,     // Each page holds its state after any of its changes, the size is any the file had; any consistent set of
                  // directory changes survives.
};

// A seeded source of choices: the same seed makes the same choices.
class Choices {
 public:
  explicit Choices(uint64_t seed) : engine_(seed) {}
  // From 0 to `most`, each as likely as the others.
  uint64_t up_to(uint64_t most) { return engine_() % (most + 1); }
  // From 0 to `most`: none, all, or something in between, one third each.
  uint64_t part_of(uint64_t most);

 private:
  std::mt19937_64 engine_;
};

// The bytes of one file on the simulated disk: what readers see, what is on the platter, and the changes in between.
// Not thread-safe.
class DiskFile {
 public:
  // What a read sees.
  const std::string& bytes() const { return bytes_; }

  void write(uint64_t offset, std::string_view data);
  void resize(uint64_t size);

  // Everything written so far survives a power loss.
  void sync();
  // A sync failed: the changes stay readable and count as written, but neither a later sync nor luck brings them to the
  // platter. So does Linux, which marks the pages clean.
  void abandon_unsynced();
  // The platter becomes what a read sees.
  void settle();
  // Goes back to the platter, with that much of the unsynced changes as `mode` lets through.
  void lose_power(PowerLoss mode, uint64_t page_bytes, Choices& choices);

 private:
  // A write of `data` at `offset`, or a resize to `offset`.
  struct Change {
    uint64_t offset;
    std::string data;
    bool is_resize;
  };
  class PageMix;

  static void apply(const Change& change, std::string& bytes);
  void make(Change change);
  std::string torn(Choices& choices) const;

  std::string bytes_;
  std::string durable_;
  std::vector<Change> unsynced_;  // Oldest first.
};

}  // namespace forge::testing_support
