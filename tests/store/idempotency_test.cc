// Whom a key belongs to. That its first answer is given again, the models and the crash tests hold.

#include <gtest/gtest.h>

#include "forge/store/store.h"

namespace forge {
namespace {

constexpr const char* kKeyedSchema = R"(include "forge.fbs";
table Account (resource) { id: string (key); }
table Open (action: "Account.open", creates) {}
)";

TEST(IdempotencyKeys, BelongToTheActorWhoUsedThem) {
  Store store = Store::open(":memory:").value();
  store.add_schema({{"bank.fbs", kKeyedSchema}}).value();
  const auto open = [&](const Actor& actor) {
    return store.act("Account.open", {{"id", "a"}}, {.actor = actor, .idempotency_key = "k"});
  };
  open(Actor("ann", "clerk")).value();
  EXPECT_TRUE(open(Actor("ann", "clerk")).value().replayed);
  const Status other = open("bob").status();
  EXPECT_EQ(other.id(), ErrorId::kKeyReused);
  EXPECT_EQ(other.text().what, "the idempotency key 'k' was used by another actor");
  EXPECT_EQ(other.text().why, "event 2 was written under it by ann");
  EXPECT_EQ(open(Actor("ann", "admin")).status().id(), ErrorId::kKeyReused) << "another role may be allowed something else";
}

}  // namespace
}  // namespace forge
