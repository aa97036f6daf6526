// Programs that are run without a shell: what they get, what comes of them, and how they are ended.

#include "process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace forge {
namespace {

using internal::ProcessEnd;
using internal::ProcessStart;
using internal::run_process;

ProcessEnd end_of(const ProcessStart& start) {
  Result<ProcessEnd> end = run_process(start, {});
  EXPECT_TRUE(end.ok()) << end.status().message();
  return end.ok() ? *std::move(end) : ProcessEnd{};
}
ProcessStart shell(const std::string& script) {
  return {.command = {"/bin/sh", "-c", script}};
}
// Waits until a process, which was killed, is gone or only a corpse that nobody has collected. False where it lives on.
bool dies(const std::string& process) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < until) {
    std::ifstream file("/proc/" + process + "/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos || text.substr(name_end).starts_with(") Z")) return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(Process, GivesBackWhatItGets) {
  const std::string much(3 << 20, 'x');
  const ProcessEnd end = end_of({.command = {"/bin/cat"}, .input = much, .output_bytes_max = 4 << 20});
  EXPECT_EQ(end.exit_status, 0);
  EXPECT_TRUE(end.output == much);
}

TEST(Process, NeedNotReadItsInput) {
  const std::string much(3 << 20, 'x');
  EXPECT_EQ(end_of({.command = {"/bin/true"}, .input = much}).exit_status, 0);
}

TEST(Process, TellsHowItEnded) {
  EXPECT_EQ(end_of(shell("exit 75")).exit_status, 75);
  EXPECT_EQ(end_of(shell("kill -KILL $$")).signal, 9);
  const ProcessEnd end = end_of(shell("echo first >&2; echo last >&2; exit 3"));
  EXPECT_EQ(end.errors, "first\nlast\n");
  const Status missing = run_process({.command = {"/nowhere/program"}}, {}).status();
  EXPECT_EQ(missing.id(), ErrorId::kIoError);
  EXPECT_NE(missing.message().find("/nowhere/program"), std::string::npos);
}

TEST(Process, HasTheEnvironmentAndDirectoryThatItIsGivenAndNoMore) {
  EXPECT_EQ(end_of({.command = {"/usr/bin/env"}, .environment = {"A=1", "B=two words"}}).output, "A=1\nB=two words\n");
  EXPECT_EQ(end_of({.command = {"/bin/pwd"}, .directory = "/usr"}).output, "/usr\n");
}

TEST(Process, HasNoDescriptorOfOurs) {
  std::ifstream open_for_nothing("/dev/null");
  EXPECT_EQ(end_of({.command = {"/bin/ls", "/proc/self/fd"}}).output, "0\n1\n2\n3\n") << "3 is the directory that ls reads";
}

TEST(Process, ThatWritesTooMuchIsKilled) {
  const ProcessEnd end = end_of({.command = {"/bin/cat", "/dev/zero"}, .output_bytes_max = 1000});
  EXPECT_TRUE(end.too_large);
  EXPECT_EQ(end.signal, 9);
  EXPECT_TRUE(end.output.empty());
}

TEST(Process, LeavesNothingBehindInItsGroup) {
  const ProcessEnd end = end_of(shell("tail -f /dev/null >/dev/null 2>&1 & echo $!"));
  ASSERT_FALSE(end.output.empty());
  EXPECT_TRUE(dies(end.output.substr(0, end.output.size() - 1)));
}

// The shell, which takes no notice of being asked to end, tells the number of what it has begun.
TEST(Process, IsEndedWithItsGroupWhenItIsToldToStop) {
  const auto directory = std::filesystem::temp_directory_path() / ("forge-process-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  const std::string fifo = directory / "ready";
  std::stop_source stop;
  ProcessStart start = shell("trap '' TERM; mkfifo \"$1\"; tail -f /dev/null & echo $!; echo $! > \"$1\"; wait");
  start.command.insert(start.command.end(), {"sh", fifo});
  start.environment = {"PATH=/usr/bin:/bin"};
  start.grace_us = 1000;
  std::thread asks([&] {
    while (!std::filesystem::exists(fifo)) std::this_thread::yield();
    std::ifstream ready(fifo);
    std::string line;
    std::getline(ready, line);
    stop.request_stop();
  });
  const Result<ProcessEnd> end = run_process(start, stop.get_token());
  asks.join();
  std::filesystem::remove_all(directory);
  ASSERT_TRUE(end.ok()) << end.status().message();
  EXPECT_TRUE(end->stopped);
  EXPECT_EQ(end->signal, 9);
  ASSERT_FALSE(end->output.empty());
  EXPECT_TRUE(dies(end->output.substr(0, end->output.size() - 1)));
}

}  // namespace
}  // namespace forge
