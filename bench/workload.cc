#include "workload.h"

#include <atomic>
#include <latch>
#include <thread>

#include "stopwatch.h"

namespace forge::bench {
namespace {

constexpr std::string_view kDomain = R"fbs(
include "forge.fbs";
namespace bench;

table Item (resource) {
  id: string (key);
  code: string (required, unique);
  qty: int = 1 (check: "qty > 0");
  text: string (required);
}
table MakeItem (action: "Item.make", creates) {
  id: string (required);
  code: string (required);
  qty: int = 1;
  text: string (required);
}

table Note (resource) {
  id: string (key);
  a: string;
  b: string;
  c: string;
  d: string;
}
table WriteNote (action: "Note.write", upserts) {
  id: string (required);
  a: string;
  b: string;
  c: string;
  d: string;
}
)fbs";

constexpr std::size_t kPoolBytes = 8 << 20;
constexpr std::size_t kItemTextBytes = 256 - 16 - 16 - 4;
constexpr std::size_t kNoteTextBytes = 64;

std::string make_pool() {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string pool(kPoolBytes, '\0');
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < pool.size(); ++i, bits >>= 6) {
    if (i % 10 == 0) bits = scramble(i);
    pool[i] = kLetters[bits & 63];
  }
  return pool;
}

}  // namespace

std::uint64_t scramble(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

std::string_view random_text(std::uint64_t number, std::size_t size) {
  static const std::string pool = make_pool();
  return std::string_view(pool).substr(scramble(number) % (pool.size() - size), size);
}

std::string key_of(std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t bits = scramble(number);
  std::string out(16, '\0');
  for (std::size_t i = 0; i < out.size(); ++i, bits >>= 4) out[i] = kDigits[bits & 15];
  return out;
}

Store open_store(const std::filesystem::path& path, OpenOptions options) {
  Store store = Store::open(path.string(), std::move(options)).value();
  static_cast<void>(store.add_schema({{.name = "bench.fbs", .text = std::string(kDomain)}}).value());
  return store;
}

Args item_arguments(std::uint64_t number) {
  return {
      {"id", key_of(number)}, {"code", key_of(~number)}, {"qty", 1 + number % 9}, {"text", random_text(number, kItemTextBytes)}};
}

std::vector<ActionRequest> make_item(std::uint64_t number) {
  std::vector<ActionRequest> out;
  out.push_back({.action = "Item.make", .args = item_arguments(number), .if_version = {}});
  return out;
}

std::vector<ActionRequest> write_note(Note& note, int changed) {
  for (int i = 0; i < 4; ++i) {
    const bool first = note.texts[i] == 0;
    if (first) note.texts[i] = 4 * note.number + i;
    if (first || changed == kAllTexts || changed == i) note.texts[i] = scramble(note.texts[i]) | 1;
  }
  Args args{{"id", note.key()}};
  for (int i = 0; i < 4; ++i) args.add(std::string(1, static_cast<char>('a' + i)), random_text(note.texts[i], kNoteTextBytes));
  std::vector<ActionRequest> out;
  out.push_back({.action = "Note.write", .args = std::move(args), .if_version = {}});
  return out;
}

void must(const Status& status) {
  if (!status.ok()) abort_with(status);
}

Seq load(Store& store, std::uint64_t count, const std::function<std::vector<ActionRequest>(std::uint64_t)>& actions) {
  TransactionStream stream(store);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Status submitted = stream.submit(actions(i), {}, [](const Result<TransactionReceipt>&) {});
    if (!submitted.ok()) break;
  }
  must(stream.finish());
  return store.head();
}

double call_rate(int callers, double seconds, const std::function<void()>& act) {
  std::latch start(callers + 1);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> calls{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      std::uint64_t mine = 0;
      start.arrive_and_wait();
      for (; !stop.load(std::memory_order_relaxed); ++mine) act();
      calls += mine;
    });
  }
  start.arrive_and_wait();
  const WallTime wall;
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(calls.load()) / wall.seconds();
}

double read_log(const Store& store) {
  std::uint64_t bytes = 0;
  const WallTime wall;
  must(store.view().log({}, [&](const Event& event) {
    bytes += event.key.size();
    return true;
  }));
  return bytes > 0 ? static_cast<double>(store.head()) / wall.seconds() : 0;
}

}  // namespace forge::bench
