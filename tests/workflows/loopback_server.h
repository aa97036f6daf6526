#pragma once

// A server of HTTP on the loopback address, which answers as a test says: also not at all, late, with what is no HTTP, or with the
// connection closed. A thread for each connection, a connection for each request.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace forge {

struct LoopbackRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct LoopbackReply {
  enum class Kind : std::uint8_t { kAnswer, kDrop, kRaw, kHang };

  int status = 200;
  std::string body = {};
  std::vector<std::string> headers = {"Content-Type: application/json"};
  Kind kind = Kind::kAnswer;  // kRaw: the body alone; kHang: nothing, until the other end closes
};

class LoopbackServer {
 public:
  using Answer = std::function<LoopbackReply(const LoopbackRequest&)>;

  explicit LoopbackServer(Answer answer) : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 512), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    for (std::thread& connection : connections_) connection.join();
    close(listener_);
  }

  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + authority(); }
  std::vector<LoopbackRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // Waits until that many requests have come.
  void await_requests(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return requests_.size() >= count; });
  }
  // Waits until the other end has closed that many connections that hang.
  void await_cuts(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cuts_ >= count; });
  }

 private:
  void accept_all() {
    for (int taken = accept(listener_, nullptr, nullptr); taken >= 0; taken = accept(listener_, nullptr, nullptr)) {
      connections_.emplace_back([this, taken] {
        serve(taken);
        close(taken);
      });
    }
  }

  void serve(int connection) {
    LoopbackRequest request;
    if (!read_request(connection, request)) return;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      changed_.notify_all();
    }
    const LoopbackReply reply = answer_(request);
    if (reply.kind == LoopbackReply::Kind::kDrop) return;
    if (reply.kind == LoopbackReply::Kind::kHang) {
      char byte = 0;
      while (recv(connection, &byte, 1, 0) > 0) {
      }
      const std::lock_guard lock(mutex_);
      ++cuts_;
      changed_.notify_all();
      return;
    }
    std::string text = reply.body;
    if (reply.kind == LoopbackReply::Kind::kAnswer) {
      text = "HTTP/1.1 " + std::to_string(reply.status) + " Whatever\r\nConnection: close\r\n";
      text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
      for (const std::string& header : reply.headers) text += header + "\r\n";
      text += "\r\n" + (request.method == "HEAD" ? "" : reply.body);
    }
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t sent = ::send(connection, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<std::size_t>(sent);
    }
  }

  static bool read_request(int connection, LoopbackRequest& request) {
    std::string text;
    std::size_t end = std::string::npos;
    while ((end = text.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more(connection, text)) return false;
    }
    request.method = text.substr(0, text.find(' '));
    const std::size_t target = request.method.size() + 1;
    request.target = text.substr(target, text.find(' ', target) - target);
    for (std::size_t at = text.find("\r\n") + 2; at < end + 2;) {
      const std::size_t line_end = text.find("\r\n", at);
      const std::size_t colon = text.find(": ", at);
      std::string name = text.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      request.headers[name] = text.substr(colon + 2, line_end - colon - 2);
      at = line_end + 2;
    }
    const auto length = request.headers.find("content-length");
    const std::size_t body = length == request.headers.end() ? 0 : std::stoul(length->second);
    while (text.size() < end + 4 + body) {
      if (!read_more(connection, text)) return false;
    }
    request.body = text.substr(end + 4);
    return true;
  }
  static bool read_more(int connection, std::string& text) {
    char bytes[4096];
    const ssize_t got = recv(connection, bytes, sizeof bytes, 0);
    if (got > 0) text.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }

  const Answer answer_;
  const int listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LoopbackRequest> requests_;
  std::size_t cuts_ = 0;
  std::vector<std::thread> connections_;  // of the accepting thread, until that has ended
  std::thread accepting_;
};

}  // namespace forge
