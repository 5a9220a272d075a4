#include "events/events.h"

#include <utility>

namespace hermetic::events {

template <typename One>
requires(!std::is_same_v<One, What>) What::What(One happened)
    : Happened{std::in_place_type<One>, std::move(happened)}
{
}

What::What(What&& other) noexcept = default;

What& What::operator=(What&& other) noexcept = default;

What::~What() = default;

// Each kind of event; one that is missing here does not link.
template What::What(SessionEnded);
template What::What(ClientTurnedAway);
template What::What(MessageReceived);
template What::What(ClientFault);
template What::What(TestReturned);
template What::What(BodyNotStored);
template What::What(Escaped);
template What::What(facts::Attempt);
template What::What(NoticeMade);
template What::What(RatchetMoved);
template What::What(MassStripping);
template What::What(ClientContextFault);
template What::What(QueueOperation);
template What::What(MailRetried);
template What::What(MessageGone);
template What::What(HostsForgotten);
template What::What(RatchetAccepted);
template What::What(ObjectsChanged);
template What::What(DirectoryEmpty);
template What::What(ObjectOldForm);
template What::What(ConfigurationWarning);
template What::What(ExceptionEnding);
template What::What(CertificateInUse);
template What::What(SystemCasUnreadable);
template What::What(ConnectorCasUnreadable);
template What::What(CredentialFault);
template What::What(CrlOverdue);
template What::What(CertificateOrder);
template What::What(CertificateOrderNotKept);
template What::What(CertificateStandIn);
template What::What(ConnectorValidated);
template What::What(ConnectorNotTested);
template What::What(ValidationNotKept);
template What::What(ValidationResultsLost);
template What::What(ServerStarted);
template What::What(ServerCannotStart);
template What::What(ServerStopping);
template What::What(ServerStopped);
template What::What(ListenerReady);
template What::What(ListenerTrouble);
template What::What(ListenerWithoutIpv6);
template What::What(ListenerLegacy);
template What::What(ResolverTested);
template What::What(Reloaded);
template What::What(ReloadFailed);
template What::What(ReloadNeedsRestart);
template What::What(SpoolReport);
template What::What(ObservationsNotKept);
template What::What(EventsLost);

}  // namespace hermetic::events
