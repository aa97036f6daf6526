// The history of a public repository, loaded as transactions and compared with what git itself says (examples/git-history).

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "forge/events/json.h"
#include "forge/events/merkle.h"
#include "forge/store/store.h"
#include "forge/store/stream.h"

namespace forge {
namespace {

const std::string kExample = std::string(FORGE_SOURCE_DIR) + "/examples/git-history/";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const std::string& text_of(const Object& object, const char* name) {
  return object.find(name)->as_text();
}

std::vector<ActionRequest> actions_of(const Object& line) {
  std::vector<ActionRequest> out;
  for (const Value& action : *line.find("actions")->if_list()) {
    const Object& object = *action.if_object();
    out.push_back({.action = text_of(object, "action"), .args = *object.find("args")->if_object(), .if_version = {}});
  }
  return out;
}

Status load(Store& store) {
  TransactionStream stream(store);
  std::ifstream file(kExample + "transactions.ndjson");
  for (std::string line; std::getline(file, line);) {
    const Value parsed = parse_json(line, "transactions.ndjson").value();
    const Object& object = *parsed.if_object();
    ActOptions options;
    options.actor = text_of(object, "actor");
    options.idempotency_key = text_of(object, "key");
    options.occurred_at = parse_time(text_of(object, "at")).value();
    FORGE_TRY(stream.submit(actions_of(object), std::move(options), [](const Result<TransactionReceipt>&) {}));
  }
  return stream.finish();
}

std::string listing_digest(const View& view, std::int64_t& files) {
  std::set<std::string> lines;
  const Status listed = view.list({.resource = "File"}, [&](const Record& record) {
    lines.insert(record["mode"].as_text() + " " + record["blob"].as_text() + " " + record.key() + "\n");
    return true;
  });
  EXPECT_TRUE(listed.ok()) << listed.message();
  files = static_cast<std::int64_t>(lines.size());
  std::string all;
  for (const std::string& line : lines) all += line;
  return to_hex(Hasher().sha256({reinterpret_cast<const std::uint8_t*>(all.data()), all.size()}));
}

void expect_oracle(const Store& store) {
  const Value parsed = parse_json(read_file(kExample + "oracle.json"), "oracle.json").value();
  const Object& oracle = *parsed.if_object();
  for (const Value& tree : *oracle.find("trees")->if_list()) {
    const Object& expected = *tree.if_object();
    const std::string& key = text_of(expected, "key");
    std::int64_t files = 0;
    const std::string digest = listing_digest(store.as_of(IdempotencyKeyOf{key}).value(), files);
    EXPECT_EQ(files, expected.find("files")->as_int()) << key;
    EXPECT_EQ(digest, text_of(expected, "sha256")) << key;
  }
  const View now = store.view();
  for (const Value& history : *oracle.find("histories")->if_list()) {
    const Object& expected = *history.if_object();
    std::vector<std::array<std::string, 3>> wanted, found;
    for (const Value& change : *expected.find("changes")->if_list()) {
      const List& parts = *change.if_list();
      wanted.push_back({parts[0].as_text(), parts[1].as_text(), parts[2].as_text()});
    }
    const Status read = now.log({.resource = "File", .key = text_of(expected, "path")}, [&](const Event& event) {
      const Value* blob = event.changes.find("blob");
      const bool deleted = event.type == "File.deleted";
      found.push_back({event.idempotency_key, event.action.substr(5),
                       deleted           ? std::string(40, '0')
                       : blob == nullptr ? ""
                                         : blob->as_text()});
      return true;
    });
    ASSERT_TRUE(read.ok()) << read.message();
    ASSERT_EQ(found.size(), wanted.size()) << text_of(expected, "path");
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i][2].empty()) found[i][2] = wanted[i][2];  // only the mode changed
      EXPECT_EQ(found[i], wanted[i]) << text_of(expected, "path");
    }
  }
}

TEST(GitHistory, EveryTreeAndHistoryEqualsGitsAlsoAfterReopening) {
  const std::string directory = ::testing::TempDir() + "git-history-store";
  std::filesystem::remove_all(directory);
  {
    Store store = Store::open(directory, {.domain = kExample + "repo.fbs"}).value();
    const Status loaded = load(store);
    ASSERT_TRUE(loaded.ok()) << loaded.message();
    expect_oracle(store);
    ASSERT_TRUE(store.close().ok());
  }
  const Store reopened = Store::open(directory, {.read_only = true}).value();
  expect_oracle(reopened);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace forge
