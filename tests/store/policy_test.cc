// Policies in the store: who is refused what, and against a naive evaluator.

#include <gtest/gtest.h>

#include <map>

#include "forge/store/store.h"
#include "forge/testing.h"
#include "support/dice.h"
#include "support/slow_build.h"

namespace forge {
namespace {

constexpr const char* kSchema = R"fbs(include "forge.fbs";
namespace docs;

table Doc (resource) {
  id: string (key);
  owner: string;
  size: int = null;
  secret_note: string (secret);
}
table MakeDoc (action: "Doc.make", creates, set: "owner = :actor.id") { size: int = null; secret_note: string; }
table GrowDoc (action: "Doc.grow", updates, allow: "owner: owner = :actor.id; small: :by <= 10", require: "not_full: size < 100",
               set: "size = size + :by") { by: int = 1; }
table DropDoc (action: "Doc.drop", destroys, allow: "admin: :actor.role = 'admin'") {}
table PutDoc (action: "Doc.put", upserts, allow: "owner is null or owner = :actor.id", set: "owner = :actor.id") {}
table TellDoc (action: "Doc.tell", updates, allow: "knows: secret_note = :actor.id") {}
table HalfDoc (action: "Doc.half", updates, allow: "halved: size / 0 > 1") {}
)fbs";

Store new_store(const char* schema = kSchema) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"docs.fbs", schema}}).value();
  return store;
}

TEST(Policies, NameWhoMayAndWhoMayNot) {
  Store store = new_store();
  store.act("Doc.make", {{"id", "d"}, {"size", 5}}, {.actor = "ann"}).value();
  EXPECT_TRUE(store.act("Doc.grow", {{"id", "d"}}, {.actor = "ann"}).ok());
  const Seq head = store.head();
  const Status denied = store.act("Doc.grow", {{"id", "d"}}, {.actor = Actor("bob", "clerk")}).status();
  EXPECT_EQ(denied.id(), ErrorId::kPolicyDenied);
  EXPECT_EQ(denied.code(), Code::kDenied);
  EXPECT_EQ(denied.text().what, "Doc.grow was denied by policy 'owner'");
  EXPECT_EQ(denied.text().why, "the actor is bob, the role is clerk, owner is ann, the policy says: owner = :actor.id");
  EXPECT_EQ(denied.text().place, "docs.fbs:11:53");
  EXPECT_EQ(denied.text().state, "nothing was written");
  EXPECT_EQ(store.head(), head);
  EXPECT_EQ(store.get("Doc", "d").value()["size"].as_int(), 6);
}

TEST(Policies, AllMustHoldInOrder) {
  Store store = new_store();
  store.act("Doc.make", {{"id", "d"}, {"size", 5}}, {.actor = "ann"}).value();
  EXPECT_EQ(store.act("Doc.grow", {{"id", "d"}, {"by", 11}}, {.actor = "ann"}).status().text().what,
            "Doc.grow was denied by policy 'small'");
  EXPECT_EQ(store.act("Doc.grow", {{"id", "d"}, {"by", 11}}, {.actor = "bob"}).status().text().what,
            "Doc.grow was denied by policy 'owner'");
}

// One input for each refusal, in the order of the checks: what is wrong later does not show while something before it is.
TEST(Policies, StandBetweenExistenceAndVersion) {
  Store store = new_store();
  store.act("Doc.make", {{"id", "d"}, {"size", 100}}, {.actor = "ann"}).value();
  const auto grow = [&](const char* id, const char* actor, Version version) {
    return store.act("Doc.grow", {{"id", id}}, {.actor = actor, .if_version = version}).status().id();
  };
  EXPECT_EQ(grow("nothing", "bob", 7), ErrorId::kRecordNotFound);
  EXPECT_EQ(grow("d", "bob", 7), ErrorId::kPolicyDenied);
  EXPECT_EQ(grow("d", "ann", 7), ErrorId::kVersionConflict);
  EXPECT_EQ(grow("d", "ann", 1), ErrorId::kRuleViolated);
}

TEST(Policies, SeeANewRecordAsNulls) {
  Store store = new_store();
  EXPECT_TRUE(store.act("Doc.put", {{"id", "d"}}, {.actor = "ann"}).ok()) << "there is no owner yet";
  EXPECT_TRUE(store.act("Doc.put", {{"id", "d"}}, {.actor = "ann"}).ok());
  EXPECT_EQ(store.act("Doc.put", {{"id", "d"}}, {.actor = "bob"}).status().id(), ErrorId::kPolicyDenied);
}

TEST(Policies, DenyTheWholeTransaction) {
  Store store = new_store();
  store.act("Doc.make", {{"id", "d"}, {"size", 5}}, {.actor = "ann"}).value();
  const Seq head = store.head();
  const auto answer = store.transact({{.action = "Doc.grow", .args = {{"id", "d"}}}, {.action = "Doc.drop", .args = {{"id", "d"}}}},
                                     {.actor = "ann"});
  EXPECT_EQ(answer.status().id(), ErrorId::kPolicyDenied);
  EXPECT_EQ(store.head(), head);
  EXPECT_EQ(store.get("Doc", "d").value().version(), 1U);
}

TEST(Policies, DenyADryRun) {
  Store store = new_store();
  store.act("Doc.make", {{"id", "d"}}, {.actor = "ann"}).value();
  EXPECT_EQ(store.act("Doc.drop", {{"id", "d"}}, {.actor = "ann", .dry_run = true}).status().id(), ErrorId::kPolicyDenied);
  EXPECT_TRUE(store.act("Doc.drop", {{"id", "d"}}, {.actor = Actor("ann", "admin"), .dry_run = true}).ok());
  EXPECT_TRUE(store.get("Doc", "d").ok());
}

TEST(Policies, SayWhenNobodyIsNamed) {
  Store store = new_store();
  store.act("Doc.make", {{"id", "d"}}, {.actor = "ann"}).value();
  EXPECT_EQ(store.act("Doc.drop", {{"id", "d"}}).status().text().why, "no actor is named, the policy says: :actor.role = 'admin'");
}

TEST(Policies, TakeNoRoleThatIsNoText) {
  Store store = new_store();
  EXPECT_EQ(store.act("Doc.make", {{"id", "d"}}, {.actor = Actor("ann", "\xff")}).status().id(), ErrorId::kTextInvalid);
  EXPECT_EQ(store.act("Doc.make", {{"id", "d"}}, {.actor = Actor("ann", std::string(257, 'a'))}).status().id(), ErrorId::kTooLarge);
}

TEST(Policies, DoNotShowSecrets) {
  Store store = new_store();
  store.act("Doc.make", {{"id", "d"}, {"secret_note", "canary"}}, {.actor = "ann"}).value();
  const Status denied = store.act("Doc.tell", {{"id", "d"}}, {.actor = "bob"}).status();
  EXPECT_EQ(denied.id(), ErrorId::kPolicyDenied);
  EXPECT_EQ(denied.message().find("canary"), std::string::npos) << denied.message();
}

TEST(Policies, ThatFailDeny) {
  Store store = new_store();
  store.act("Doc.make", {{"id", "d"}, {"size", 5}}, {.actor = "ann"}).value();
  EXPECT_EQ(store.act("Doc.half", {{"id", "d"}}, {.actor = "ann"}).status().id(), ErrorId::kRuleFailed);
}

// ---- Against a naive evaluator ----------------------------------------------------------------------------------------------

// A policy as a tree, with the same three truth values as SQL: nothing is NULL.
struct Node {
  enum class Sort { kOwnerIsActor, kRoleIs, kSizeBelow, kBySmall, kSizeIsNull, kNot, kAnd, kOr };

  Sort sort = Sort::kRoleIs;
  std::string role;
  std::int64_t number = 0;
  std::vector<Node> children;
};

struct Facts {
  std::optional<std::string> owner;
  std::optional<std::int64_t> size, by;
  std::string actor, role;
};

using Truth = std::optional<bool>;

Truth truth_of(const Node& node, const Facts& facts) {
  switch (node.sort) {
    case Node::Sort::kOwnerIsActor:
      return facts.owner ? Truth(*facts.owner == facts.actor) : std::nullopt;
    case Node::Sort::kRoleIs:
      return facts.role == node.role;
    case Node::Sort::kSizeBelow:
      return facts.size ? Truth(*facts.size < node.number) : std::nullopt;
    case Node::Sort::kBySmall:
      return facts.by ? Truth(*facts.by <= node.number) : std::nullopt;
    case Node::Sort::kSizeIsNull:
      return !facts.size;
    case Node::Sort::kNot: {
      const Truth inner = truth_of(node.children[0], facts);
      return inner ? Truth(!*inner) : std::nullopt;
    }
    default:
      break;
  }
  const Truth left = truth_of(node.children[0], facts), right = truth_of(node.children[1], facts);
  const bool deciding = node.sort == Node::Sort::kOr;
  if (left == deciding || right == deciding) return deciding;
  return left && right ? Truth(!deciding) : std::nullopt;
}

std::string text_of(const Node& node) {
  switch (node.sort) {
    case Node::Sort::kOwnerIsActor:
      return "owner = :actor.id";
    case Node::Sort::kRoleIs:
      return ":actor.role = '" + node.role + "'";
    case Node::Sort::kSizeBelow:
      return "size < " + std::to_string(node.number);
    case Node::Sort::kBySmall:
      return ":by <= " + std::to_string(node.number);
    case Node::Sort::kSizeIsNull:
      return "size is null";
    case Node::Sort::kNot:
      return "not (" + text_of(node.children[0]) + ")";
    default:
      return "(" + text_of(node.children[0]) + (node.sort == Node::Sort::kOr ? ") or (" : ") and (") + text_of(node.children[1]) +
             ")";
  }
}

class PolicyModel {
 public:
  explicit PolicyModel(std::uint64_t seed) : dice_(seed) {
    for (std::vector<Node>& list : policies_) {
      for (std::uint64_t i = 0; i <= dice_.below(3); ++i) list.push_back(node(3));
    }
  }

  std::string schema() const {
    std::string out = R"fbs(include "forge.fbs";
table Doc (resource) { id: string (key); owner: string; size: int = null; }
table MakeDoc (action: "Doc.make", creates) { owner: string; size: int = null; }
)fbs";
    for (std::size_t i = 0; i < policies_.size(); ++i) {
      std::string allow;
      for (std::size_t rule = 0; rule < policies_[i].size(); ++rule) {
        allow += (rule == 0 ? "p" : "; p") + std::to_string(rule) + ": " + text_of(policies_[i][rule]);
      }
      const std::string number = std::to_string(i);
      out += "table Do" + number + " (action: \"Doc.do" + number + "\", updates, allow: \"" + allow + "\") { by: long = null; }\n";
    }
    return out;
  }

  // The first difference, or empty.
  std::string run(int steps) {
    Store store = Store::open(":memory:", {.durability = Durability::kOs}).value();
    store.add_schema({{"docs.fbs", schema()}}).value();
    for (int i = 0; i < 6; ++i) make_record(store, "d" + std::to_string(i));
    for (int i = 0; i < steps; ++i) {
      std::string difference = step(store);
      if (!difference.empty()) return difference + "\n" + schema();
    }
    return {};
  }

  std::uint64_t allowed = 0, denied = 0;

 private:
  Node node(int depth) {
    const std::uint64_t sort = dice_.below(depth == 0 ? 5 : 8);
    Node out{.sort = static_cast<Node::Sort>(sort), .role = role(), .number = dice_.between(0, 4), .children = {}};
    const std::size_t children = sort < 5 ? 0 : sort == 5 ? 1 : 2;
    for (std::size_t i = 0; i < children; ++i) out.children.push_back(node(depth - 1));
    return out;
  }
  std::string role() { return dice_.pick({"", "clerk", "admin"}); }
  std::string name() { return dice_.pick({"ann", "bob", "eve", ""}); }

  void make_record(Store& store, const std::string& id) {
    Facts facts;
    Args args{{"id", id}};
    if (dice_.chance(80)) args.add("owner", *(facts.owner = name()));
    if (dice_.chance(70)) args.add("size", *(facts.size = dice_.between(0, 4)));
    store.act("Doc.make", args).value();
    records_[id] = facts;
  }

  std::string step(Store& store) {
    const std::string id = "d" + std::to_string(dice_.below(6));
    const std::size_t action = dice_.below(policies_.size());
    Facts facts = records_[id];
    facts.actor = name();
    facts.role = role();
    Args args{{"id", id}};
    if (dice_.chance(70)) args.add("by", *(facts.by = dice_.between(0, 4)));
    const Seq head = store.head();
    const Status answer = store.act("Doc.do" + std::to_string(action), args, {.actor = Actor(facts.actor, facts.role)}).status();
    return difference(action, facts, answer, store.head() - head);
  }

  std::string difference(std::size_t action, const Facts& facts, const Status& answer, Seq written) {
    const std::vector<Node>& list = policies_[action];
    const auto denying = std::find_if(list.begin(), list.end(), [&](const Node& one) { return truth_of(one, facts) != true; });
    const std::string name = "Doc.do" + std::to_string(action);
    if (denying == list.end()) {
      ++allowed;
      return answer.ok() && written == 1 ? "" : name + " is allowed, and was not: " + answer.message();
    }
    ++denied;
    const std::string expected = name + " was denied by policy 'p" + std::to_string(denying - list.begin()) + "'";
    if (answer.id() == ErrorId::kPolicyDenied && answer.text().what == expected && written == 0) return {};
    return expected + ", and the store says: " + (answer.ok() ? "done" : answer.message());
  }

  Dice dice_;
  std::array<std::vector<Node>, 8> policies_;
  std::map<std::string, Facts> records_;
};

TEST(Policies, AgreeWithANaiveEvaluator) {
  constexpr std::uint64_t kSeeds = testing_support::kIsSlowBuild ? 15 : 60;
  std::uint64_t allowed = 0, denied = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    PolicyModel model(seed);
    const std::string difference = model.run(150);
    ASSERT_EQ(difference, "") << "seed " << seed;
    allowed += model.allowed;
    denied += model.denied;
  }
  EXPECT_GT(allowed, kSeeds * 17);
  EXPECT_GT(denied, kSeeds * 17);
}

}  // namespace
}  // namespace forge
