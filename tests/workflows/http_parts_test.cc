// What outgoing HTTP consists of, without a network: URLs, what may be called, when a call may begin.

#include <gtest/gtest.h>

#include "egress.h"
#include "forge/workflows/http.h"
#include "host_gate.h"
#include "secret.h"
#include "support/environment.h"
#include "url.h"

namespace forge::internal {
namespace {

using testing_support::set_environment;

std::string shown(std::string_view text) {
  const auto url = parse_url(text);
  return url ? url->text() : "none";
}

TEST(HttpUrl, ReadsWhatOneReaderCanTakeInOneWay) {
  EXPECT_EQ(shown("https://Pay.Example"), "https://pay.example:443/");
  EXPECT_EQ(shown("HTTP://pay.example:8080/a?b=c#d"), "http://pay.example:8080/a?b=c");
  EXPECT_EQ(shown("http://[::1]:80?x"), "http://[::1]:80/?x");
  for (const char* no :
       {"ftp://a/", "http://", "http:///a", "http://user@a/", "http://a\\@b/", "http://a b/", "http://a:0/", "http://a:70000/",
        "http://a:1x/", "http://[::1/", "http://[a.b]x/", "http://.a/", "//a/", "a/b", "http://a/\n", "http://\xc3\xa4/"}) {
    EXPECT_EQ(shown(no), "none") << no;
  }
}

TEST(HttpUrl, FollowsReferences) {
  const Url base = *parse_url("https://a.example/x/y?q=1");
  const auto resolved = [&](std::string_view reference) { return resolve_url(base, reference).value_or(Url()).text(); };

  EXPECT_EQ(resolved("/z"), "https://a.example:443/z");
  EXPECT_EQ(resolved("z?w"), "https://a.example:443/x/z?w");
  EXPECT_EQ(resolved("?w"), "https://a.example:443/x/y?w");
  EXPECT_EQ(resolved("//b.example/z"), "https://b.example:443/z");
  EXPECT_EQ(resolved("http://b.example"), "http://b.example:80/");
  EXPECT_FALSE(resolve_url(base, "javascript:x"));
}

TEST(HttpEgress, AllowsNothingByDefault) {
  EXPECT_FALSE(Egress().allows(*parse_url("https://pay.example/")));
}

TEST(HttpEgress, ANameLetsThroughPublicAddressesOnly) {
  const Egress egress = Egress::parse({"pay.example", "*.cdn.example", "one.example:8443"}).value();
  const Url pay = *parse_url("https://pay.example/");

  EXPECT_TRUE(egress.allows(pay));
  EXPECT_TRUE(egress.allows(*parse_url("http://a.cdn.example/")));
  EXPECT_FALSE(egress.allows(*parse_url("http://cdn.example/")));
  EXPECT_FALSE(egress.allows(*parse_url("http://evilcdn.example/")));
  EXPECT_FALSE(egress.allows(*parse_url("https://pay.example.evil/")));
  EXPECT_TRUE(egress.allows(*parse_url("https://one.example:8443/")));
  EXPECT_FALSE(egress.allows(*parse_url("https://one.example/")));
  EXPECT_TRUE(egress.allows_address(pay, "93.184.216.34"));
  EXPECT_TRUE(egress.allows_address(pay, "2606:2800:220:1::1"));
  for (const char* inside : {"127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
                             "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1",
                             "64:ff9b::7f00:1", "2002:7f00:1::", "nonsense"}) {
    EXPECT_FALSE(egress.allows_address(pay, inside)) << inside;
  }
}

TEST(HttpEgress, AddressesInsideAreNamedThemselves) {
  const Egress egress = Egress::parse({"pay.example", "10.1.0.0/16", "[::1]:8080", "localhost"}).value();

  EXPECT_TRUE(egress.allows_address(*parse_url("https://pay.example/"), "10.1.2.3"));
  EXPECT_FALSE(egress.allows_address(*parse_url("https://pay.example/"), "10.2.2.3"));
  EXPECT_TRUE(egress.allows(*parse_url("http://10.1.9.9/")));
  EXPECT_FALSE(egress.allows(*parse_url("http://8.8.8.8/")));
  EXPECT_TRUE(egress.allows(*parse_url("http://[::1]:8080/")));
  EXPECT_FALSE(egress.allows(*parse_url("http://[::1]/")));
  EXPECT_TRUE(egress.allows_address(*parse_url("http://localhost/"), "127.0.0.1"));
  EXPECT_FALSE(egress.allows_address(*parse_url("http://localhost/"), "10.2.0.1"));
  EXPECT_FALSE(egress.allows_address(*parse_url("http://pay.example/"), "127.0.0.1"));
}

TEST(HttpEgress, AnEntryThatNamesNoHostIsRefusedByName) {
  for (const char* no : {"", "http://a", "a/b", "10.0.0.0/33", "10.0.0.0/x", "a:b", "*", "*.", "a b"}) {
    const Status status = check_allowed_hosts({"fine.example", no});
    EXPECT_EQ(status.id(), ErrorId::kArgumentRange) << no;
    EXPECT_NE(status.message().find("'" + std::string(no) + "'"), std::string::npos);
  }
}

constexpr Time at(std::int64_t ms) {
  return Time{ms * 1000};
}
using Kind = HostGate::Verdict::Kind;

TEST(HttpHostGate, TheBreakerOpensTriesOneAndCloses) {
  const HostLimits limits{.breaker_failures = 2, .breaker_pause_us = 100'000};
  HostGate gate;
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(gate.begin(limits, at(0)));

  EXPECT_EQ(gate.end(limits, false, HostGate::End::kFailed, at(1)), HostGate::Change::kSame);
  EXPECT_EQ(gate.end(limits, false, HostGate::End::kFailed, at(1)), HostGate::Change::kOpened);
  EXPECT_EQ(gate.ask(limits, at(100)).kind, Kind::kRefused);
  EXPECT_EQ(gate.ask(limits, at(100)).until, at(101));
  EXPECT_EQ(gate.breaker(), HttpHost::Breaker::kOpen);
  // One tries, the others wait for it; it fails.
  EXPECT_EQ(gate.ask(limits, at(101)).kind, Kind::kGo);
  EXPECT_TRUE(gate.begin(limits, at(101)));
  EXPECT_EQ(gate.breaker(), HttpHost::Breaker::kHalfOpen);
  EXPECT_EQ(gate.ask(limits, at(101)).kind, Kind::kWait);
  EXPECT_EQ(gate.end(limits, true, HostGate::End::kFailed, at(102)), HostGate::Change::kOpened);
  EXPECT_EQ(gate.ask(limits, at(103)).kind, Kind::kRefused);
  // One that was cut tells nothing: the next one tries.
  EXPECT_TRUE(gate.begin(limits, at(202)));
  EXPECT_EQ(gate.end(limits, true, HostGate::End::kUnknown, at(203)), HostGate::Change::kSame);
  EXPECT_TRUE(gate.begin(limits, at(203)));
  EXPECT_EQ(gate.end(limits, true, HostGate::End::kWorked, at(204)), HostGate::Change::kClosed);
  EXPECT_EQ(gate.breaker(), HttpHost::Breaker::kClosed);
  EXPECT_EQ(gate.failures(), 0U);
}

TEST(HttpHostGate, ALateSuccessDoesNotCloseTheBreaker) {
  const HostLimits limits{.breaker_failures = 1, .breaker_pause_us = 100'000};
  HostGate gate;
  gate.begin(limits, at(0));
  gate.begin(limits, at(0));
  EXPECT_EQ(gate.end(limits, false, HostGate::End::kFailed, at(1)), HostGate::Change::kOpened);

  EXPECT_EQ(gate.end(limits, false, HostGate::End::kWorked, at(2)), HostGate::Change::kSame);

  EXPECT_EQ(gate.breaker(), HttpHost::Breaker::kOpen);
}

TEST(HttpHostGate, KeepsTheRateAndTheCap) {
  const HostLimits limits{.requests_per_second = 10, .concurrency = 2};
  HostGate gate;

  EXPECT_EQ(gate.ask(limits, at(0)).kind, Kind::kGo);
  gate.begin(limits, at(0));
  EXPECT_EQ(gate.ask(limits, at(0)).until, at(100));
  EXPECT_EQ(gate.ask(limits, at(100)).kind, Kind::kGo);
  gate.begin(limits, at(100));
  EXPECT_EQ(gate.ask(limits, at(500)).kind, Kind::kWait);
  EXPECT_FALSE(gate.ask(limits, at(500)).until);
  gate.end(limits, false, HostGate::End::kWorked, at(500));
  EXPECT_EQ(gate.ask(limits, at(500)).kind, Kind::kGo);
}

TEST(HttpSecrets, AreNamedInErrorsAndTakenOutOfValues) {
  set_environment("FORGE_TEST_EMPTY", "");
  EXPECT_NE(read_secret("env:FORGE_TEST_NONE").status().message().find("env:FORGE_TEST_NONE"), std::string::npos);
  EXPECT_EQ(read_secret("env:FORGE_TEST_EMPTY").status().id(), ErrorId::kArgumentMissing);
  Value value = Object{{"a", List{"x hush-hush y", Bytes{'h', 'u', 's', 'h', '-', 'h', 'u', 's', 'h'}}}, {"hush-hush", 7}};

  hide_secrets({"hush", "hush-hush", "7"}, value);

  const std::string_view hidden = "[secret]";
  EXPECT_EQ(value, Value(Object{{"a", List{"x [secret] y", Bytes(hidden.begin(), hidden.end())}}, {"[secret]", 7}}));
}

}  // namespace
}  // namespace forge::internal
