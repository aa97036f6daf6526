#include "store/sample_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

namespace forge::testing_support {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSchema = R"(
include "forge.fbs";
namespace shop;
enum Status : byte { Placed, Paid }
table Line { sku: string; qty: int; }
table Order (resource) {
  id: string (key);
  email: string (unique);
  qty: int = 1;
  rate: double;
  status: Status;
  lines: [Line];
  note: string;
}
table PlaceOrder (action: "Order.place", creates) { email: string; qty: int = 1; rate: double; lines: [Line]; }
table ChangeOrder (action: "Order.change", updates) { email: string; qty: int = null; rate: double = null; note: string; }
table PayOrder (action: "Order.pay", updates, set: "status = 'Paid'") {}
table DropOrder (action: "Order.drop", destroys) {}
)";

std::string temporary(const std::string& name, FreshPath::Place place = FreshPath::Place::kMemory) {
  static std::atomic<int> number{0};
  static const bool has_memory = ::access("/dev/shm", W_OK) == 0;
  const std::string directory = has_memory && place == FreshPath::Place::kMemory ? "/dev/shm/" : ::testing::TempDir();
  return directory + "forge-" + name + "-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

// Both states of one store, made on first use.
struct Originals {
  std::string closed = temporary("closed");
  std::string killed = temporary("killed");

  Originals() {
    Store store = Store::open(closed, {.durability = Durability::kOs}).value();
    store.add_schema({{"shop.fbs", kSchema}}).value();
    act_on(store, 0, 128);
    EXPECT_TRUE(store.close().ok());
    store = Store::open(closed).value();
    store.add_schema({{"shop.fbs", sample_schema()}}).value();
    act_on(store, 128, 120);
    fs::copy(closed, killed, fs::copy_options::recursive);
    EXPECT_TRUE(store.close().ok());
  }
  ~Originals() {
    std::error_code ignored;
    fs::remove_all(closed, ignored);
    fs::remove_all(killed, ignored);
  }
};

ActionRequest request(std::string action, Args args) {
  return {.action = std::move(action), .args = std::move(args), .if_version = {}};
}

}  // namespace

std::string sample_schema() {
  return std::string(kSchema) + "table Coupon (resource) { id: string (key); }\n" +
         "table MakeCoupon (action: \"Coupon.make\", creates) {}\n";
}

void act_on(Store& store, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    const std::string id = "o-" + std::to_string(i);
    const std::string before = "o-" + std::to_string(i - 1);
    std::vector<ActionRequest> actions;
    actions.push_back(request("Order.place", {{"id", id},
                                              {"email", id + "@example.org"},
                                              {"qty", i % 7},
                                              {"rate", 0.0},
                                              {"lines", List{Object{{"sku", "tea"}, {"qty", i}}}}}));
    if (i % 4 == 1)
      actions.push_back(
          request("Order.change", {{"id", id}, {"email", "moved-" + id}, {"rate", -0.0}, {"note", std::string(200, 'n')}}));
    if (i % 4 == 3) actions.push_back(request("Order.pay", {{"id", id}}));
    if (i % 8 == 3) actions.push_back(request("Order.drop", {{"id", id}}));
    if (i % 16 == 5) actions.push_back(request("Order.place", {{"id", "again-" + std::to_string(i % 3)}}));
    if (i % 16 == 6) actions.push_back(request("Order.drop", {{"id", "again-" + std::to_string((i - 1) % 3)}}));
    ActOptions options;
    options.actor = i % 2 == 0 ? "web" : "desk";
    if (i % 3 == 0) options.idempotency_key = "key-" + std::to_string(i);
    store.transact(std::move(actions), options).value();
    // One record with a long history: full versions and deltas.
    if (i > first) store.act("Order.change", {{"id", "o-" + std::to_string(first)}, {"qty", i}}).value();
  }
}

Result<std::string> contents_of(const Store& store) {
  return contents_of(store.view());
}

Result<std::string> contents_of(const View& view) {
  std::string out;
  FORGE_TRY(view.log({}, [&](const Event& event) {
    out += event.to_json() + "\n";
    return true;
  }));
  for (const Resource& resource : view.domain()->resources()) {
    const auto keep = [&](const Record& record) {
      out += record.to_json() + "\n";
      return true;
    };
    FORGE_TRY(view.list({.resource = resource.name}, keep));
  }
  return out;
}

SampleDirectory::SampleDirectory(State state) : path_(temporary("sample")) {
  static const Originals originals;
  fs::copy(state == State::kClosed ? originals.closed : originals.killed, path_, fs::copy_options::recursive);
}

FreshPath::FreshPath(const std::string& name, Place place) : path_(temporary(name, place)) {}

FreshPath::~FreshPath() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

SampleDirectory::~SampleDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace forge::testing_support
