#include "progress.h"

#include <gtest/gtest.h>

#include "harness.h"

namespace forge::cli {
namespace {

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() {
    streams.err = &err;
    streams.clock = &clock;
    streams.terminal_columns = 60;
  }
  void pass(std::int64_t micros) { clock.micros += micros; }

  TextSink err;
  StillClock clock;
  Streams streams;
};

TEST_F(ProgressTest, PrintsALineEachTenSecondsWhereThereIsNoTerminal) {
  Progress progress(streams, ProgressForm::kLines, "events");
  pass(9'999'999);
  progress.show(10, 0.1);
  EXPECT_EQ(err.text, "");
  pass(10'000'001);
  progress.show(4'240'000, 0.4);
  EXPECT_EQ(err.text, "progress 40% 4.2M events 212k/s eta 30.0 s\n");
}

TEST_F(ProgressTest, DrawsABarAtMostFiveTimesASecondAndTakesItAway) {
  {
    Progress progress(streams, ProgressForm::kBar, "events");
    pass(200'000);
    progress.show(2, -1);
    pass(100'000);
    progress.show(3, -1);
    EXPECT_EQ(err.text, "\r\033[Kprogress 2 events 10/s");
  }
  EXPECT_EQ(err.text, "\r\033[Kprogress 2 events 10/s\r\033[K");
}

TEST_F(ProgressTest, PrintsMachineLines) {
  Progress progress(streams, ProgressForm::kJson, "events");
  pass(2'000'000);
  progress.show(10, 0.5);
  EXPECT_EQ(err.text, "{\"progress\":0.5,\"done\":10,\"unit\":\"events\",\"rate\":5.0,\"eta_s\":2.0}\n");
}

TEST_F(ProgressTest, IsSilentWhenAskedToBe) {
  Progress progress(streams, ProgressForm::kNone, "events");
  pass(60'000'000);
  progress.show(10, 0.5);
  EXPECT_EQ(err.text, "");
}

}  // namespace
}  // namespace forge::cli
