#include "daemon/control_part.h"

namespace hermetic::daemon {

ControlPart::ControlPart(net::Core& main, const config::NodeOptions& options, MakeApi make_api,
                         std::function<void()> update)
    : main_{main},
      sockets_{options.admin},
      addresses_{options.metrics.addresses},
      make_api_{std::move(make_api)},
      update_{std::move(update)}
{
}

admin::Server& ControlPart::make_server(Answer* answer)
{
    servers_.push_back(
        std::make_unique<admin::Server>(main_, [this, answer](admin::Request request) {
            update_();
            return answer(*api_, std::move(request));
        }));
    return *servers_.back();
}

Result<void, std::string> ControlPart::start()
{
    api_ = std::make_unique<admin::Api>(make_api_());
    auto listens = make_server(&admin::answer).listen(sockets_.socket);
    if (listens && !sockets_.read_socket.empty())
        listens = make_server(&admin::answer_read_only).listen(sockets_.read_socket);
    for (const Endpoint& each : addresses_) {
        if (listens) listens = make_server(&admin::answer_metrics).listen(each);
    }
    if (!listens) return failure(listens.error());
    return {};
}

std::vector<Endpoint> ControlPart::metrics_addresses() const
{
    std::vector<Endpoint> bound;
    for (auto i = servers_.size() - addresses_.size(); i < servers_.size(); ++i)
        bound.push_back(servers_[i]->address());
    return bound;
}

net::Task<> ControlPart::stop()
{
    for (auto& each : servers_) co_await each->stop();
}

}  // namespace hermetic::daemon
