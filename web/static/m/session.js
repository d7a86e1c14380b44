// Who is signed in on this phone.
//
// localStorage, not sessionStorage: the camera app opens each payment in a tab of its own, and the app on
// the home screen starts without one; both would ask for the password every time. The token lives three
// hours, and nothing but this server's own scripts can run here to read it.

const KEY = 'paygate.session';

export const token = () => localStorage.getItem(KEY);
export const begin = (accessToken) => localStorage.setItem(KEY, accessToken);
export const end = () => localStorage.removeItem(KEY);
