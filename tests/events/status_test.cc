#include "forge/events/status.h"

#include <gtest/gtest.h>

namespace forge {
namespace {

TEST(Status, CarriesFourPartsAndItsNumber) {
  const Status status = Status(ErrorId::kRuleViolated, "Order.resize was refused by rule 'qty_positive'")
                            .why("qty is -1, the rule says: qty > 0")
                            .place("shop.fbs:14")
                            .state("nothing was written");

  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kRuleViolated);
  EXPECT_EQ(status.message(),
            "E2107 Order.resize was refused by rule 'qty_positive': qty is -1, the rule says: qty > 0 (shop.fbs:14); nothing was "
            "written; see: forgectl explain RESOURCE.ACTION");
}

TEST(Status, ChangingACopyLeavesTheOriginal) {
  const Status original(ErrorId::kRecordNotFound, "no Order 'o-1'");
  Status copy = original;
  const Status changed = std::move(copy).why("erased");

  EXPECT_EQ(original.text().why, "");
  EXPECT_EQ(changed.text().why, "erased");
}

TEST(Status, TryAndAssignPassErrorsOn) {
  const auto fails = []() -> Result<int> { return Status(Code::kDenied, "no"); };
  const auto caller = [&]() -> Status {
    FORGE_ASSIGN(const int value, fails());
    return value == 0 ? Status() : Status(Code::kIo, "reached");
  };
  EXPECT_EQ(caller().code(), Code::kDenied);
}

TEST(ErrorTable, FindsEveryRowByItsNumberAndGivesExitStatusesOfTheContract) {
  for (const ErrorInfo& row : error_table()) {
    EXPECT_EQ(find_error("E" + std::to_string(static_cast<unsigned>(row.id))), &row);
    EXPECT_TRUE((row.exit_status >= 1 && row.exit_status <= 9) || row.exit_status == 130) << row.name;
    EXPECT_FALSE(row.title.empty()) << row.name;
  }
  EXPECT_EQ(find_error("E0001"), nullptr);
  EXPECT_EQ(find_error("E2107x"), nullptr);
}

}  // namespace
}  // namespace forge
