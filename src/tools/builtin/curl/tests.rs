//! The tool against a server that says what it is told to; and what the other stand-ins need to be tried like that.
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::Io;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("kept")).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("kept").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a tool says: its exit code, and the text of its two outputs.
pub async fn said<F>(line: &str, tool: impl FnOnce(Vec<String>, Box<Io>) -> F) -> (u8, String, String)
where
    F: Future<Output = u8>,
{
    let (out, err) = (Kept::default(), Kept::default());
    let io = Io {
        stdin: Box::new(io::empty()),
        stdout: Box::new(out.clone()),
        stderr: Box::new(err.clone()),
        terminal: false,
    };
    let args = line.split(' ').map(|word| word.replace('+', " ")).collect();
    let code = tool(args, Box::new(io)).await;
    (code, out.text(), err.text())
}

/// The port of a server that answers every piece it reads; one with nothing to say closes the connection.
pub async fn server(reply: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let port = listener.local_addr().expect("address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let reply = reply.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 << 10];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    let answer = reply(buffer.get(..count).unwrap_or_default());
                    if answer.is_empty() || stream.write_all(&answer).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

async fn curl(line: &str) -> (u8, String, String) {
    said(line, async |args, mut io| super::run(args, &mut io).await).await
}

fn answer(request: &[u8]) -> Vec<u8> {
    let request = String::from_utf8_lossy(request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (head, body) = match path {
        "/gone" => ("404 Not Found\r\nContent-Length: 5", "gone\n"),
        "/away" => ("302 Found\r\nContent-Length: 0\r\nLocation: /echo", ""),
        "/short" => return b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\nabc".to_vec(),
        "/shut" => return Vec::new(),
        _ => ("200 OK", request.as_str()),
    };
    let length =
        if path.starts_with("/echo") { format!("\r\nContent-Length: {}", body.len()) } else { String::new() };
    format!("HTTP/1.1 {head}{length}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn a_transfer_ends_with_the_originals_code_and_words() {
    let port = server(answer).await;
    let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let refused = "curl: (22) The requested URL returned error: 404\n".to_owned();
    assert_eq!(curl(&format!("-fsS {}", at("/gone"))).await, (22, String::new(), refused));
    assert_eq!(curl(&format!("-s -w %{{http_code}} {}", at("/gone"))).await.1, "gone\n404");
    assert_eq!(curl(&format!("-sS {}", at("/shut"))).await.2, "curl: (52) Empty reply from server\n");
    let late = curl(&format!("-sS -m 0.1 {}", at("/short"))).await;
    assert!(late.0 == 28 && late.2.ends_with("with 3 out of 3000 bytes received\n"), "{late:?}");
    let free = TcpListener::bind("127.0.0.1:0").await.expect("port").local_addr().expect("address").port();
    assert_eq!(curl(&format!("-s http://127.0.0.1:{free}/")).await, (7, String::new(), String::new()));
    let unknown = curl("--nosuch http://a").await;
    assert!(unknown.0 == 2 && unknown.2.starts_with("curl: option --nosuch: is unknown\n"));
}

#[tokio::test]
async fn a_request_is_sent_as_the_options_say() {
    let port = server(answer).await;
    let line = format!("-sSL -u a:b -H X-A:+1 -d x=y --data-urlencode q=a&b http://127.0.0.1:{port}/echo");
    let sent = curl(&line).await.1;
    for part in
        ["POST /echo HTTP/1.1\r\n", "Authorization: Basic YTpi\r\n", "X-A: 1\r\n", "\r\n\r\nx=y&q=a%26b"]
    {
        assert!(sent.contains(part), "{part} in {sent}");
    }
    let followed = curl(&format!("-sL -d x http://127.0.0.1:{port}/away")).await.1;
    assert!(followed.starts_with("GET /echo HTTP/1.1\r\n"), "{followed}");
    let asked = curl(&format!("-sG --data-urlencode q=a{{=b http://127.0.0.1:{port}/echo")).await.1;
    assert!(asked.starts_with("GET /echo?q=a%7B%3Db HTTP/1.1\r\n"), "{asked}");
}

#[tokio::test]
async fn what_would_be_another_request_is_not_sent() {
    let port = server(answer).await;
    for (line, code) in [
        ("-sS -H @/no/such/file", 26),
        ("-sS -d @/no/such/file", 26),
        ("-sS -I -d x", 2),
        ("-sS -w @/no/such/file", 2),
        ("-sS -u name", 2),
        ("-sS --retry 3", 2),
    ] {
        let ran = curl(&format!("{line} http://127.0.0.1:{port}/echo")).await;
        assert!(ran.0 == code && ran.1.is_empty() && ran.2.starts_with("curl: "), "{line}: {ran:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_shakes_hands_is_not_waited_for_beyond_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let port = listener.local_addr().expect("address").port();
    let ran = curl(&format!("-sS -k --connect-timeout 0.2 https://127.0.0.1:{port}/")).await;
    assert_eq!((ran.0, ran.1.as_str()), (28, ""));
}
