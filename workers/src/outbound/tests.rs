//! The client against servers of this machine. Where one must be reached at all, the tests' guard takes
//! [`HONEST`] for a public address.

mod limits;
mod ssrf;

use super::*;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the servers are that may be reached.
const HONEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Every name of these tests.
type Names = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// A name server of our own.
struct Tells(Names);

impl Resolve for Tells {
    fn resolve(&self, name: Name) -> Resolving {
        let found: Vec<_> = (self.0)(name.as_str()).into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
        Box::pin(async move { Ok(Box::new(found.into_iter()) as Addrs) })
    }
}

fn always(ip: Ipv4Addr) -> Names {
    Arc::new(move |_| vec![ip.into()])
}

/// Every host, in plain HTTP too, by these names; what is left are the rules about addresses.
fn only_guarded(names: Names, passes: fn(IpAddr) -> bool) -> Outbound {
    Outbound::build(Hosts::all(), RootCertStore::empty(), Guard { asks: Arc::new(Tells(names)), passes }).unwrap()
}

/// The same, that may reach [`HONEST`].
fn to_honest() -> Outbound {
    only_guarded(always(HONEST), |ip| ip == IpAddr::V4(HONEST))
}

async fn listen(ip: impl Into<IpAddr>, port: u16) -> TcpListener {
    TcpListener::bind(SocketAddr::new(ip.into(), port)).await.unwrap()
}

/// Counts who comes, and hangs up.
fn trap(listener: TcpListener) -> Arc<AtomicUsize> {
    let came = Arc::new(AtomicUsize::new(0));
    catch(listener, &came);
    came
}

fn catch(listener: TcpListener, came: &Arc<AtomicUsize>) {
    let came = Arc::clone(came);
    tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            came.fetch_add(1, Ordering::SeqCst);
            drop(line);
        }
    });
}

/// Answers every connection so.
fn serve<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    answer: impl Fn(TcpStream) -> F + Send + 'static,
) -> u16 {
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            let mut head = [0; 2048];
            let _ = line.read(&mut head).await;
            tokio::spawn(answer(line));
        }
    });
    port
}

/// Answers every request with this, and closes.
fn says(listener: TcpListener, text: String) -> u16 {
    serve(listener, move |mut line| {
        let text = text.clone();
        async move { drop(line.write_all(text.as_bytes()).await) }
    })
}

async fn get(outbound: &Outbound, url: &str) -> Result<Answer, Failed> {
    outbound.call(Method::GET, url)?.send().await
}
