// The lines of `export events --actions` into another store: the same records with the same versions.

#include <gtest/gtest.h>

#include "forge/events/json.h"
#include "forge/store/store.h"
#include "harness.h"
#include "store/sample_store.h"

namespace forge::cli {
namespace {

using testing_support::FreshPath;
using testing_support::SampleDirectory;

// Every living record with its version, one a line. Seqs are each store's own.
std::string records_of(const Store& store) {
  std::string out;
  const View view = store.view();
  for (const Resource& resource : view.domain()->resources()) {
    if (resource.name.starts_with('_')) continue;
    const Status listed = view.list({.resource = resource.name}, [&](const Record& record) {
      out += resource.name;
      const Object fields = record.to_object();
      for (const auto& [name, value] : fields.members()) {
        if (name != "_seq") out += " " + name + "=" + to_json(value);
      }
      out += "\n";
      return true;
    });
    EXPECT_TRUE(listed.ok()) << listed.message();
  }
  return out;
}

TEST(ExportedActions, DoneAgainInAnEmptyStoreGiveEqualState) {
  const SampleDirectory sample(SampleDirectory::State::kClosed);
  const FreshPath twin("twin");
  Bench bench;
  const Answer lines = bench.line("export events --actions --store " + sample.path());
  ASSERT_EQ(lines.exit, 0) << lines.err;
  Store::open(twin.path()).value().add_schema({{"shop.fbs", testing_support::sample_schema()}}).value();
  const Answer done = bench.line("do --batch --input - --store " + twin.path(), lines.out);
  ASSERT_EQ(done.exit, 0) << done.err;
  const std::string expected = records_of(Store::open(sample.path(), {.read_only = true}).value());
  EXPECT_GT(expected.size(), 10'000u);
  EXPECT_EQ(records_of(Store::open(twin.path(), {.read_only = true}).value()), expected);
}

}  // namespace
}  // namespace forge::cli
