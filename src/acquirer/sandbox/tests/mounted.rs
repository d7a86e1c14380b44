//! The sandbox behind a socket: alone, and below a path of another application.

use std::net::TcpListener;

use actix_web::{App, HttpServer, web};

use super::*;

async fn serve_alone(sandbox: &Arc<Sandbox>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, sandbox.clone()));
    base_url
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn what_is_unknown_is_a_404_in_json() {
    let base_url = serve_alone(&Arc::new(Sandbox::in_memory())).await;
    for path in ["/", "/card", "/card/refund", "/other"] {
        let answer = client().get(format!("{base_url}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "NOT_FOUND", "{path}");
    }
    let wrong_method = client().delete(format!("{base_url}/card/approve")).send().await.unwrap();
    assert_eq!(wrong_method.status(), 405);
    let huge = "x".repeat(33 * 1024);
    let answer = client().post(format!("{base_url}/card/approve")).body(huge).send().await.unwrap();
    assert_eq!(answer.status(), 413);
}

#[tokio::test]
async fn it_can_be_mounted_below_a_path_and_leaves_the_rest_alone() {
    let sandbox = Arc::new(Sandbox::in_memory());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let mounted = sandbox.clone();
    let app = move || {
        let mounted = mounted.clone();
        App::new()
            .service(web::scope("/sandbox").configure(routes(mounted)))
            .route("/hello", web::get().to(|| async { "hello" }))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
    tokio::spawn(server);

    let txn_no = new_no();
    let url = format!("{base_url}/sandbox/card/approve");
    let answer = client().post(url).json(&approve_body(&txn_no, GOOD, 10)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let record = client().get(format!("{base_url}/sandbox/card/approvals/{txn_no}")).send().await.unwrap();
    assert_eq!(record.json::<Value>().await.unwrap()["status"], "APPROVED");
    assert_eq!(sandbox.totals().held(), 10);
    let hello = client().get(format!("{base_url}/hello")).send().await.unwrap();
    assert_eq!(hello.text().await.unwrap(), "hello");
}
