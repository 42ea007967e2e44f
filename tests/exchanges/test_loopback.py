import asyncio
import datetime
import socket

import aiohttp
import pytest
from aiohttp import web

from tradigrade.exchanges.loopback import LoopbackResolver, open_loopback_socket, open_session
from tradigrade.exchanges.simulated.tls import ensure_certificate, server_context

NOW = datetime.datetime.now(datetime.UTC)


def run_server(folder, scenario):
    async def hello(request):
        return web.Response(text=request.host)

    async def run():
        app = web.Application()
        app.router.add_get("/", hello)
        runner = web.AppRunner(app)
        await runner.setup()
        context = server_context(ensure_certificate(folder, NOW))
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        try:
            await scenario(runner.addresses[0][1])
        finally:
            await runner.cleanup()

    asyncio.run(run())


def test_every_host_is_the_one_port_of_this_machine():
    async def resolve():
        return await LoopbackResolver(8443).resolve("api.binance.com", 443, family=socket.AF_INET)

    (result,) = asyncio.run(resolve())
    assert (result["host"], result["port"], result["hostname"]) == ("127.0.0.1", 8443, "api.binance.com")


def test_the_venues_real_names_lead_to_the_local_server(tmp_path):
    async def scenario(port):
        async with open_session(port, tmp_path / "venue.pem") as session:
            for host in ("api.binance.com", "stream.binance.com:9443"):
                async with session.get(f"https://{host}/") as response:
                    assert await response.text() == host

    run_server(tmp_path, scenario)


@pytest.mark.parametrize("host", ["example.com", "fapi.binance.com"])
def test_a_name_the_certificate_does_not_hold_is_refused(tmp_path, host):
    async def scenario(port):
        async with open_session(port, tmp_path / "venue.pem") as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"https://{host}/")

    run_server(tmp_path, scenario)


def test_another_certificate_is_not_trusted(tmp_path):
    other = ensure_certificate(tmp_path / "other", NOW)

    async def scenario(port):
        async with open_session(port, other) as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get("https://api.binance.com/")

    run_server(tmp_path, scenario)


@pytest.mark.parametrize("address", ["192.0.2.1", "127.0.0.2"])
def test_an_address_spelled_in_the_url_does_not_leave_the_machine(tmp_path, address):
    with pytest.raises(OSError, match="nothing may leave"):
        open_loopback_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)))

    async def scenario(port):
        async with open_session(port, tmp_path / "venue.pem") as session:
            with pytest.raises(aiohttp.ClientConnectorError, match="nothing may leave"):
                await session.get(f"https://{address}/")

    run_server(tmp_path, scenario)
