#include "daemon/control_part.h"

namespace hermetic::daemon {

ControlPart::ControlPart(net::Core& main, std::string socket, MakeApi make_api,
                         std::function<void()> update)
    : main_{main},
      socket_{std::move(socket)},
      make_api_{std::move(make_api)},
      update_{std::move(update)}
{
}

Result<void, std::string> ControlPart::start()
{
    api_ = std::make_unique<admin::Api>(make_api_());
    server_ = std::make_unique<admin::Server>(main_, [this](admin::Request request) {
        update_();
        return admin::answer(*api_, std::move(request));
    });
    return server_->listen(socket_);
}

net::Task<> ControlPart::stop()
{
    return server_->stop();
}

}  // namespace hermetic::daemon
