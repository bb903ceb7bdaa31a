// What a service of `Type=notify` tells systemd (sd_notify(3), without its library): datagrams to
// the socket that NOTIFY_SOCKET names. Without one nothing is sent.
//
// That a message is lost is no reason to stop: it is logged.
#pragma once

#include <string>
#include <string_view>

namespace api {

class ServiceNotifier {
 public:
  // `socket_path` is NOTIFY_SOCKET; empty: not under systemd.
  explicit ServiceNotifier(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  void Ready() const { Send("READY=1"); }
  void Stopping() const { Send("STOPPING=1"); }

 private:
  void Send(std::string_view state) const;
  std::string socket_path_;
};

}  // namespace api
