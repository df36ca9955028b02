export default { title: 'Field Notes', url: 'https://notes.example', baseUrl: '/' };
