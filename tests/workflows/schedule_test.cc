// Workflows that start when it is time.

#include "schedule.h"

#include "runner_fixture.h"

namespace forge {
namespace {

using internal::Schedule;

Time at(const char* text) {
  return parse_time(text).value();
}

// The first due times after a time.
std::string due(const std::string& line, const char* after, int count = 3) {
  const Result<Schedule> schedule = Schedule::parse(line);
  if (!schedule.ok()) return schedule.status().message();
  std::string text;
  Time time = at(after);
  for (int i = 0; i < count; ++i) {
    const std::optional<Time> next = schedule->next(time);
    if (!next) return text + " never";
    EXPECT_EQ(schedule->last(time, *next), next);
    EXPECT_EQ(schedule->last(time, Time{next->micros - 1}), std::nullopt);
    time = *next;
    text += (text.empty() ? "" : " ") + format_time(time).substr(0, 16);
  }
  return text;
}

TEST(Schedules, ComeWhenACronLineSays) {
  EXPECT_EQ(due("*/20 * * * *", "2026-11-28T23:30:00Z"), "2026-11-28T23:40 2026-11-29T00:00 2026-11-29T00:20");
  EXPECT_EQ(due("30 3 * * mon-fri", "2026-11-27T03:30:00Z"), "2026-11-30T03:30 2026-12-01T03:30 2026-12-02T03:30");
  EXPECT_EQ(due("0 0,12 1 jan,JUL *", "2026-11-28"), "2027-01-01T00:00 2027-01-01T12:00 2027-07-01T00:00");
  EXPECT_EQ(due("0 9 13 * 5", "2026-11-07"), "2026-11-13T09:00 2026-11-20T09:00 2026-11-27T09:00");
  EXPECT_EQ(due("0 0 29 2 *", "2096-03-01", 2), "2104-02-29T00:00 2108-02-29T00:00");
  EXPECT_EQ(due("5 4 * * 7", "2026-11-28", 1), due("5 4 * * 0", "2026-11-28", 1));
}

TEST(Schedules, ComeEverySoOften) {
  const Schedule often = Schedule::every(300'000'000);
  EXPECT_EQ(often.next(at("2026-11-28T00:05:00Z")), at("2026-11-28T00:10:00Z"));
  EXPECT_EQ(often.last(at("2026-11-28T00:05:00Z"), at("2026-11-29T00:04:59Z")), at("2026-11-29T00:00:00Z"));
  EXPECT_EQ(often.last(at("2026-11-28T00:05:00Z"), at("2026-11-28T00:09:59Z")), std::nullopt);
}

TEST(Schedules, RefuseLinesThatAreNone) {
  for (const char* line :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
        "*/0 * * * *", "5/2 * * * *", "1,,2 * * * *", "x * * * *", "0 0 30 2 *", "0 0 31 4,6 *"}) {
    EXPECT_EQ(Schedule::parse(line).status().id(), ErrorId::kWorkflowAttribute) << line;
  }
}

TEST(Schedules, ABadLineIsRefusedWithItsPlace) {
  const auto outcome = parse_workflow("workflow = 'w'\non = { schedule = '0 25 * * *' }\n[step.a]\ntemplate = 'x'\n", "w.toml");
  ASSERT_EQ(outcome.errors.size(), 1U);
  EXPECT_EQ(outcome.errors[0].text().what, "'25' is no hour");
  EXPECT_TRUE(outcome.errors[0].text().place.starts_with("w.toml:2:")) << outcome.errors[0].text().place;
}

class ScheduledRun : public RunnerTest {
 protected:
  ScheduledRun() { clock_.set(at("2026-11-28T10:02:00Z")); }
  std::string ids() const {
    std::string text;
    const std::vector<RunInfo> all = runs(store_->view()).value();
    for (const RunInfo& run : all) text += run.id + " " + run.result + "\n";
    return text;
  }
};

constexpr const char* kEvery =
    "on = { every = '10m', input = { due = '${event.due}' } }\n[input]\ndue = 'string'\n"
    "[step.a]\ntemplate = '${input.due}'\n";

TEST_F(ScheduledRun, StartsOneForEachDueTime) {
  declare("w", kEvery);
  work(30 * 60'000'000LL);
  EXPECT_EQ(ids(),
            "w@2026-11-28T10:10:00Z \"2026-11-28T10:10:00Z\"\n"
            "w@2026-11-28T10:20:00Z \"2026-11-28T10:20:00Z\"\n"
            "w@2026-11-28T10:30:00Z \"2026-11-28T10:30:00Z\"\n");
}

TEST_F(ScheduledRun, TimesThatWereMissedStartOneTogether) {
  declare("w", kEvery);
  work(10 * 60'000'000LL);
  clock_.set(at("2026-11-28T11:35:00Z"));
  work(60'000'000);
  EXPECT_EQ(ids(),
            "w@2026-11-28T10:10:00Z \"2026-11-28T10:10:00Z\"\n"
            "w@2026-11-28T11:30:00Z \"2026-11-28T11:30:00Z\"\n");
}

// Runners that each live for a few tasks: every due time still has its one run.
TEST_F(ScheduledRun, IsStartedOnceWhereverRunnersEnd) {
  declare("w", kEvery);
  for (std::size_t tasks = 1; tasks < 30; ++tasks) VirtualRunner(*store_, clock_).run(0, tasks % 5 + 1);
  clock_.set(at("2026-11-28T10:11:00Z"));
  for (std::size_t tasks = 1; tasks < 30; ++tasks) VirtualRunner(*store_, clock_).run(0, tasks % 5 + 1);
  work(0);
  EXPECT_EQ(ids(), "w@2026-11-28T10:10:00Z \"2026-11-28T10:10:00Z\"\n");
}

// Its input cannot be made: that is a failed run, and no line in somebody's log.
TEST_F(ScheduledRun, ThatCannotBeginHasFailedOnceWhereverRunnersEnd) {
  declare("w", "on = { every = '10m', input = { n = '${event.due}' } }\n[input]\nn = 'int'\n[step.a]\ntemplate = 'x'\n");
  for (std::size_t tasks = 1; tasks < 30; ++tasks) VirtualRunner(*store_, clock_).run(0, tasks % 5 + 1);
  clock_.set(at("2026-11-28T10:11:00Z"));
  for (std::size_t tasks = 1; tasks < 30; ++tasks) VirtualRunner(*store_, clock_).run(0, tasks % 5 + 1);
  work(10 * 60'000'000LL);
  const std::vector<RunInfo> all = runs(store_->view(), "failed").value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, "w@2026-11-28T10:10:00Z~unstarted");
  EXPECT_EQ(all[1].id, "w@2026-11-28T10:20:00Z~unstarted");
  EXPECT_NE(all[0].error.find("no run is started for 2026-11-28T10:10:00Z"), std::string::npos) << all[0].error;
  EXPECT_NE(all[0].error.find("wanted is int"), std::string::npos) << all[0].error;
}

TEST_F(ScheduledRun, FollowsAScheduleThatIsDeclaredAnew) {
  declare("w", kEvery);
  work(8 * 60'000'000LL);
  declare("w", "on = { schedule = '15 * * * *' }\n[step.a]\ntemplate = '${event.due}'\n");
  work(20 * 60'000'000LL);
  EXPECT_EQ(ids(),
            "w@2026-11-28T10:10:00Z \"2026-11-28T10:10:00Z\"\n"
            "w@2026-11-28T10:15:00Z \"2026-11-28T10:15:00Z\"\n");
}

// The example `async`: as long as the slowest source, and not as all of them.
TEST_F(ScheduledRun, SourcesThatWaitForNobodyTakeAsLongAsTheSlowest) {
  declare("w",
          "[step.a]\nsleep = '200ms'\n[step.b]\nsleep = '150ms'\n[step.c]\nsleep = '300ms'\n"
          "[step.page]\ntemplate = 'all'\nafter = ['a', 'b', 'c']\n");
  const Time begun = clock_.now();
  EXPECT_EQ(run("w").result, "\"all\"");
  // Transactions are a microsecond apart at least.
  EXPECT_NEAR(static_cast<double>(clock_.now().micros - begun.micros), 300'000, 10);
}

}  // namespace
}  // namespace forge
